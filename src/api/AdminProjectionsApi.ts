import { Schema } from "effect";
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api";
import { Position } from "../../domain/event/RecordedEvent.ts";
import { ParkedEvent } from "../../services/projections/ParkedEvents.ts";
import { ProjectionStatus, Retried } from "../../services/projections/ProjectionControl.ts";
import { AdminAuthorization } from "./AdminAuthorization.ts";
import { Problems } from "./Problem.ts";
import { PageSize, PositionText } from "./Reading.ts";

const params = { name: Schema.String };
const accepted = ProjectionStatus.pipe(HttpApiSchema.status(202));

const ParkedPage = Schema.Struct({
  items: Schema.Array(ParkedEvent),
  nextCursor: Schema.NullOr(Position),
});

/** The views for operators: how far they are, building them anew, and what they could not apply. */
export class AdminProjectionsApi extends HttpApiGroup.make("adminProjections")
  .add(
    HttpApiEndpoint.get("list", "/projections", { success: Schema.Array(ProjectionStatus) })
      .annotateMerge(OpenApi.annotations({ summary: "Every projection: position, head, lag, rate, errors" })),
    HttpApiEndpoint.get("status", "/projections/:name", { params, success: ProjectionStatus })
      .annotateMerge(OpenApi.annotations({ summary: "One projection" })),
    HttpApiEndpoint.post("rebuild", "/projections/:name/rebuild", { params, success: accepted })
      .annotateMerge(OpenApi.annotations({
        summary: "Build a view anew beside the live one, and put it in its place",
        description:
          "Reads never fail meanwhile. Its status tells how far it is. One that is under way begins anew.",
      })),
    HttpApiEndpoint.post("verify", "/projections/:name/verify", { params, success: accepted })
      .annotateMerge(OpenApi.annotations({
        summary: "Build a view anew and compare it with the live one",
        description: "`verification` in its status tells what was found.",
      })),
    HttpApiEndpoint.post("pause", "/projections/:name/pause", { params, success: accepted })
      .annotateMerge(OpenApi.annotations({ summary: "Stop a view where it is" })),
    HttpApiEndpoint.post("resume", "/projections/:name/resume", { params, success: accepted })
      .annotateMerge(OpenApi.annotations({ summary: "Let a paused view go on" })),
    HttpApiEndpoint.get("parked", "/parked", {
      query: {
        projection: Schema.optional(Schema.String),
        stream: Schema.optional(Schema.String),
        cursor: Schema.optional(PositionText),
        limit: Schema.optional(PageSize),
      },
      success: ParkedPage,
    }).annotateMerge(OpenApi.annotations({
      summary: "Events that a view could not apply, and those that wait behind them",
    })),
    HttpApiEndpoint.post("retry", "/parked/retry", {
      payload: Schema.Struct({ projection: Schema.String, position: Schema.optionalKey(Position) }),
      success: Retried,
    }).annotateMerge(OpenApi.annotations({
      summary: "Try parked events again, each stream in order",
      description: "With a position, only those of that event's stream.",
    })),
    HttpApiEndpoint.post("skip", "/parked/skip", {
      payload: Schema.Struct({ projection: Schema.String, position: Position }),
      success: Schema.Struct({ projection: Schema.String, position: Position }),
    }).annotateMerge(OpenApi.annotations({ summary: "Give up on a parked event: the view goes without it" })),
  )
  .middleware(AdminAuthorization)
  .middleware(Problems)
  .prefix("/api/v1/admin") {}
