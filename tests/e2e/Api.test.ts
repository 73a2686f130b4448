/** The HTTP API, by its description, against a process of its own on embedded parts. */
import { afterAll } from "@effect/vitest";
import { endAll, startService } from "../support/RunningService.ts";
import { analysing } from "./api/Analysing.ts";
import { converting } from "./api/Converting.ts";
import { deleting } from "./api/Deleting.ts";
import { fetching } from "./api/Fetching.ts";
import { listing } from "./api/Listing.ts";
import { reading } from "./api/Reading.ts";
import { receiving } from "./api/Receiving.ts";
import { refusing } from "./api/Refusing.ts";
import { describing } from "./api/Describing.ts";

// With one job at a time a second one is queued for as long as the first one runs.
const maxUploadBytes = 64 * 1024 ** 2;
const service = await startService({
  TAPEDECK_WORKER_CONCURRENCY: "1",
  TAPEDECK_MAX_UPLOAD_BYTES: String(maxUploadBytes),
  TAPEDECK_URL_NETWORKS: "127.0.0.1/32",
  // A proxy would look at names with other eyes: nothing is fetched by one.
  HTTP_PROXY: "http://127.0.0.1:1",
  NODE_USE_ENV_PROXY: "1",
});
afterAll(endAll);

receiving(service);
await fetching(service, maxUploadBytes);
reading(service);
listing(service);
converting(service);
analysing(service);
deleting(service);
refusing(service);
describing(service);
