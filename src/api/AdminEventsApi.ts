import { Schema } from "effect";
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api";
import { EventId } from "../../domain/Id.ts";
import { EventRecord } from "../../services/EventRecord.ts";
import {
  EventDetail,
  EventPage,
  Imported,
  LogStatus,
  ReplayProgress,
  ReplayRequest,
} from "../../services/transfer/LogOperations.ts";
import { AdminAuthorization } from "./AdminAuthorization.ts";
import { Problems } from "./Problem.ts";
import { PageSize, PositionText } from "./Reading.ts";

/** A bound of a search: a log position, or a time (RFC 3339). */
export const Bound = Schema.Union([PositionText, Schema.DateFromString]);

/** An event by its position or its id. */
export const EventRef = Schema.Union([PositionText, EventId]);

const jsonLines = { contentType: "application/x-ndjson" };
const flag = Schema.Literals(["true", "false"]);

/** The log for operators: events of every tenant, in the form in which they are stored. */
export class AdminEventsApi extends HttpApiGroup.make("adminEvents")
  .add(
    HttpApiEndpoint.get("status", "/log", { success: LogStatus })
      .annotateMerge(OpenApi.annotations({ summary: "The log's epoch, head and rate" })),
    HttpApiEndpoint.get("list", "/events", {
      query: {
        type: Schema.optional(Schema.String),
        stream: Schema.optional(Schema.String),
        tenant: Schema.optional(Schema.String),
        correlation: Schema.optional(Schema.String),
        after: Schema.optional(Bound),
        before: Schema.optional(Bound),
        cursor: Schema.optional(PositionText),
        limit: Schema.optional(PageSize),
      },
      success: EventPage,
    }).annotateMerge(OpenApi.annotations({
      summary: "List events, newest first",
      description: "`after` and `before` are log positions or times, and not part of the answer.",
    })),
    HttpApiEndpoint.get("tail", "/events/tail", {
      query: { from: Schema.optional(PositionText) },
      success: HttpApiSchema.StreamNdjson({ schema: EventRecord, ...jsonLines }),
    }).annotateMerge(OpenApi.annotations({
      summary: "Follow the log",
      description:
        "Every event after the position `from`, then those to come, one a line; without `from` only those to come.",
    })),
    HttpApiEndpoint.get("export", "/events/export", {
      success: HttpApiSchema.StreamUint8Array(jsonLines),
    }).annotateMerge(OpenApi.annotations({
      summary: "The whole log as JSON Lines",
      description:
        "A header, the events, the receipts, a trailer; each line is chained to the one before by its hash.",
    })),
    HttpApiEndpoint.get("show", "/events/:ref", { params: { ref: EventRef }, success: EventDetail })
      .annotateMerge(OpenApi.annotations({ summary: "Show an event by position or id, and what led to it" })),
    HttpApiEndpoint.post("import", "/events/import", {
      query: { dryRun: Schema.optional(flag) },
      payload: HttpApiSchema.StreamUint8Array(jsonLines),
      success: Imported,
    }).annotateMerge(OpenApi.annotations({
      summary: "Bring an exported log into an empty one",
      description:
        "All of it or nothing. With `dryRun=true` everything is checked and nothing is written. The log gets a new epoch.",
    })),
    HttpApiEndpoint.post("replay", "/events/replay", {
      payload: ReplayRequest,
      success: HttpApiSchema.StreamNdjson({ schema: ReplayProgress, ...jsonLines }),
    }).annotateMerge(OpenApi.annotations({
      summary: "Publish events to the bus again, marked as a replay",
      description:
        "A stream, or a range of positions. Reactors do not see replays. The answer is one line a batch; it ends early when the replay failed.",
    })),
  )
  .middleware(AdminAuthorization)
  .middleware(Problems)
  .prefix("/api/v1/admin") {}
