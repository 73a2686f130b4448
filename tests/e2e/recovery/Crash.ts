import { readdir, readFile, readlink } from "node:fs/promises";
import process from "node:process";
import { eventually, type RunningService } from "../../support/RunningService.ts";

/** Kills the service, makes sure that nothing of it lives on, and starts it again. */
export const crash = async (service: RunningService): Promise<RunningService> => {
  process.kill(service.pid, "SIGSTOP");
  // What stands still does not end by itself: whatever is gone afterwards was ended with the service.
  await signal(service, "SIGSTOP");
  await service.end("SIGKILL");
  await eventually(() => armed(service), ({ length }) => length === 0)
    .finally(() => signal(service, "SIGKILL"));
  return await service.restart();
};

/** The processes that work below the service's data directory. */
export const mediaProcesses = async ({ dataDirectory }: RunningService): Promise<ReadonlyArray<string>> => {
  const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const directories = await Promise.all(ids.map((id) => readlink(`/proc/${id}/cwd`).catch(() => "")));
  return ids.filter((_, index) => directories[index]?.startsWith(dataDirectory));
};

/** Those of them that run their program: one that was stopped at its very start had not yet tied its life to the service's. */
const armed = async (service: RunningService): Promise<ReadonlyArray<string>> => {
  const ids = await mediaProcesses(service);
  const names = await Promise.all(ids.map((id) => readFile(`/proc/${id}/comm`, "utf8").catch(() => "")));
  return ids.filter((_, index) => /^ff(mpeg|probe)$/.test(names[index]?.trim() ?? ""));
};

/** Sends a signal to the processes that work for a service. */
export const signal = async (
  service: RunningService,
  name: "SIGSTOP" | "SIGCONT" | "SIGKILL",
): Promise<void> => {
  for (const id of await mediaProcesses(service)) {
    try {
      process.kill(Number(id), name);
    } catch {
      // It has just ended.
    }
  }
};
