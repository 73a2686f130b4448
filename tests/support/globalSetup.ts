import { NodeServices } from "@effect/platform-node";
import { Effect } from "effect";
import process from "node:process";
import type { TestProject } from "vitest/node";
import type { MissingTool } from "../../infra/system/MissingTool.ts";
import {
  ensureFfmpeg,
  ensureNatsServer,
  ensurePocketSphinx,
  ensurePostgres,
} from "../../infra/system/SystemPackages.ts";
import { makeTemplate } from "./EmbeddedTemplate.ts";
import { startScratchPostgres } from "./ScratchPostgres.ts";
// For the types of what is provided.
import type {} from "./ScratchNats.ts";
import type {} from "./TestDatabase.ts";

/** Runs the check; what is missing is told without a stack trace, which would bury the command to run. */
const ensure = <A>(check: Effect.Effect<A, MissingTool, NodeServices.NodeServices>): Promise<A> =>
  check.pipe(
    Effect.catch((missing) =>
      Effect.sync(() => {
        console.error(missing.message);
        return process.exit(1);
      })
    ),
    Effect.provide(NodeServices.layer),
    Effect.runPromise,
  );

/** Makes sure of the programs the tests run, and of a Postgres server: the one at DATABASE_URL, or one of its own. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const making = makeTemplate();
  await ensure(ensureFfmpeg);
  await ensure(ensurePocketSphinx);
  project.provide("natsServer", await ensure(ensureNatsServer));
  const given = process.env["DATABASE_URL"];
  const server = given === undefined
    ? await startScratchPostgres((await ensure(ensurePostgres)).binDir)
    : { url: given, stop: () => {} };
  project.provide("postgresUrl", server.url);
  const template = await making;
  project.provide("embeddedTemplate", template.directory);
  return async () => {
    server.stop();
    await template.remove();
  };
}
