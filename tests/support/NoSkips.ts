import process from "node:process";
import type { Reporter, SerializedError, TestModule } from "vitest/node";

/**
 * A vitest reporter that ends the run with the counts on a line of their own, and that fails the run when CI=true and
 * a test was skipped: a test that nobody runs must not look like one that passed.
 */
export default class NoSkips implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, unhandledErrors: ReadonlyArray<SerializedError>): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const passed = tests.filter((test) => test.result().state === "passed");
    const failed = tests.filter((test) => test.result().state === "failed");
    const skipped = tests.filter((test) => !passed.includes(test) && !failed.includes(test));
    if (skipped.length > 0 && process.env["CI"] === "true") {
      process.exitCode = 1;
      const names = skipped.map((test) => `\n  ${test.module.relativeModuleId} > ${test.fullName}`);
      console.error(`CI=true and these tests were skipped, so the run fails:${names.join("")}`);
    }
    // A file that does not load and a hook that throws fail the run, but no test.
    const suites = modules.flatMap((module) => [module, ...module.children.allSuites()]);
    const errors = suites.filter((suite) => suite.errors().length > 0).length + unhandledErrors.length;
    const counts = [`${passed.length} passed`, `${failed.length + errors} failed`];
    if (skipped.length > 0) counts.push(`${skipped.length} skipped`);
    console.log(`tests: ${counts.join(", ")}`);
  }
}
