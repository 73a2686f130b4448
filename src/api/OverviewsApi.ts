import { Schema } from "effect";
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api";
import { UploadId, UserId } from "../../domain/Id.ts";
import { JobStatus } from "../../domain/Job.ts";
import { JobId, JobKind, JobRow } from "../../services/projections/JobsProjection.ts";
import { Amounts } from "../../services/projections/StorageUsageProjection.ts";
import { ThroughputRow } from "../../services/projections/ThroughputProjection.ts";
import { Authorization } from "./Authorization.ts";
import { Problems } from "./Problem.ts";
import { afterHeaders, afterQuery, PageSize } from "./Reading.ts";

const JobPage = Schema.Struct({ items: Schema.Array(JobRow), nextCursor: Schema.NullOr(JobId) });

const StorageUsage = Schema.Struct({
  /** The sum over all users, also those of other pages; it may be a moment older than the list. */
  ...Amounts.fields,
  users: Schema.Array(Schema.Struct({ userId: UserId, ...Amounts.fields })),
  nextCursor: Schema.NullOr(UserId),
});

const { id: _id, tenantId: _tenantId, position: _position, ...counts } = ThroughputRow.fields;
const Throughput = Schema.Struct({ hours: Schema.Array(Schema.Struct(counts)) });

const reading = { headers: afterHeaders };

/** All background work of a tenant in one list, and what it comes to. */
export class OverviewsApi extends HttpApiGroup.make("overviews")
  .add(
    HttpApiEndpoint.get("jobs", "/jobs", {
      ...reading,
      query: {
        ...afterQuery,
        kind: Schema.optionalKey(JobKind),
        status: Schema.optionalKey(JobStatus),
        uploadId: Schema.optionalKey(UploadId),
        cursor: Schema.optionalKey(JobId),
        limit: Schema.optionalKey(PageSize),
      },
      success: JobPage,
    }).annotateMerge(
      OpenApi.annotations({ summary: "List conversions, analyses and cleanups, newest first" }),
    ),
    HttpApiEndpoint.get("job", "/jobs/:id", {
      ...reading,
      params: { id: JobId },
      query: afterQuery,
      success: JobRow,
    }).annotateMerge(OpenApi.annotations({ summary: "Show one job of any kind" })),
    HttpApiEndpoint.get("storage", "/usage/storage", {
      ...reading,
      query: {
        ...afterQuery,
        userId: Schema.optionalKey(UserId),
        cursor: Schema.optionalKey(UserId),
        limit: Schema.optionalKey(PageSize),
      },
      success: StorageUsage,
    }).annotateMerge(OpenApi.annotations({
      summary: "Stored bytes of originals and renditions, in sum and for each user",
    })),
    HttpApiEndpoint.get("throughput", "/usage/throughput", {
      ...reading,
      query: { ...afterQuery, since: Schema.optionalKey(Schema.DateFromString) },
      success: Throughput,
    }).annotateMerge(OpenApi.annotations({
      summary: "Uploads, conversions and analyses for each hour (UTC); by default of the last 24",
    })),
  )
  .middleware(Authorization)
  .middleware(Problems)
  .prefix("/api/v1") {}
