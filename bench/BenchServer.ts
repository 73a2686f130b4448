import { NodeServices } from "@effect/platform-node";
import { PgClient } from "@effect/sql-pg";
import { Context, Effect, Layer, Redacted, type Scope } from "effect";
import { randomBytes } from "node:crypto";
import { ensurePostgres } from "../infra/system/SystemPackages.ts";
import { startScratchPostgres } from "../tests/support/ScratchPostgres.ts";

/**
 * What both sides of every measure run on, beside Postgres's defaults: durability is untouched, and there is room enough that a
 * checkpoint or a cold cache does not strike one side only.
 */
export const settings = { shared_buffers: "1GB", max_wal_size: "8GB", max_connections: "200" } as const;

/** A database of one or more measures. */
export interface BenchDatabase {
  readonly url: string;
}

/** A Postgres server for one run of the benchmarks. */
export class BenchServer extends Context.Service<BenchServer, {
  /** The server's version as it tells it. */
  readonly version: string;
  /** Creates an empty database; it is dropped with the scope. */
  readonly createDatabase: Effect.Effect<BenchDatabase, never, Scope.Scope>;
  /** Writes out what earlier work left in the server's buffers. */
  readonly settle: Effect.Effect<void>;
}>()("tapedeck/bench/BenchServer") {
  static readonly layer = Layer.effect(
    BenchServer,
    Effect.gen(function* () {
      const { binDir } = yield* ensurePostgres;
      const server = yield* Effect.acquireRelease(
        Effect.promise(() => startScratchPostgres(binDir, settings)),
        ({ stop }) => Effect.sync(stop),
      );
      const context = yield* Layer.build(
        PgClient.layer({ url: Redacted.make(server.url), maxConnections: 1 }),
      );
      const admin = Context.get(context, PgClient.PgClient);
      const [shown] = yield* admin`SHOW server_version`;
      const createDatabase = Effect.gen(function* () {
        const name = `bench_${randomBytes(6).toString("hex")}`;
        yield* Effect.acquireRelease(
          Effect.orDie(admin`CREATE DATABASE ${admin(name)}`),
          () => Effect.orDie(admin`DROP DATABASE ${admin(name)}`),
        );
        const url = new URL(server.url);
        url.pathname = `/${name}`;
        return { url: url.href };
      });
      return {
        version: String(shown?.["server_version"]),
        createDatabase,
        settle: Effect.orDie(Effect.asVoid(admin`CHECKPOINT`)),
      };
    }),
  ).pipe(Layer.provide(NodeServices.layer));
}
