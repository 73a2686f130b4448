import process from "node:process";

/** Runs some work, and tells the processor time in seconds that it took: other work on the machine does not count. */
export const processorTime = <A>(
  work: () => A,
): { readonly result: A; readonly processorSeconds: number } => {
  const start = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(start);
  return { result, processorSeconds: (user + system) / 1e6 };
};
