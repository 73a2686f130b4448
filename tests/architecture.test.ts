import { assert, describe, it } from "@effect/vitest";
import { fileURLToPath } from "node:url";
import { findViolations, readSources, type SourceFile } from "./support/Architecture.ts";

const file = (path: string, text: string): SourceFile => ({ path, text });

describe("the project", () => {
  const sources = readSources(fileURLToPath(new URL("..", import.meta.url)));

  it("has sources in every layer that the rules speak of", () => {
    for (const layer of ["domain", "services", "infra", "tests"]) {
      assert.isAbove(sources.filter(({ path }) => path.startsWith(`${layer}/`)).length, 0, layer);
    }
  });

  it("keeps the rules of its structure", () => {
    assert.deepStrictEqual(findViolations(sources), []);
  });
});

describe("the check of the structure", () => {
  const neighbours = [
    file("domain/Event.ts", `export const event = 1;`),
    file("services/Log.ts", `export const log = 1;`),
    file("infra/Disk.ts", `export const disk = 1;`),
    file("src/main.ts", `export const main = 1;`),
    file("tests/Fixture.ts", `export const fixture = 1;`),
    file("bench/Rate.ts", `export const rate = 1;`),
  ];

  it.each([
    ["domain/A.ts", `import { log } from "../services/Log.ts";`, "domain must not import services"],
    ["domain/A.ts", `import type { log } from "../services/Log.ts";`, "domain must not import services"],
    [
      "services/A.ts",
      `export { disk } from "../infra/Disk.ts";\nexport const a = 1;`,
      "services must not import infra",
    ],
    ["services/A.ts", `const a = await import("../infra/Disk.ts");`, "services must not import infra"],
    ["infra/A.ts", `import "../src/main.ts";`, "infra must not import src"],
    ["infra/A.ts", `new Worker(new URL("../src/main.ts", import.meta.url));`, "infra must not import src"],
    ["src/A.ts", `import {\n  fixture,\n} from "../tests/Fixture.ts";`, "src must not import tests"],
    ["tests/A.ts", `import { rate } from "../bench/Rate.ts";`, "tests must not import bench"],
    ["domain/A.ts", `import { b } from "./B.ts";`, "domain/B.ts, which does not exist"],
    ["domain/A.ts", `import { readFile } from "node:fs";`, "imports node:fs into the domain"],
    ["domain/A.ts", `import { HttpRouter } from "effect/http";`, "imports http of effect into the domain"],
    [
      "domain/A.ts",
      `import * as Sql from "effect/sql/SqlClient";`,
      "imports effect/sql/SqlClient into the domain",
    ],
    ["domain/A.ts", `import { NodeServices } from "@effect/platform-node";`, "imports @effect/platform-node"],
    ["domain/A.ts", `import { Schema, Effect as E } from "effect";`, "imports Effect of effect"],
    ["domain/A.ts", `import { Schema, type Layer } from "effect";`, "imports Layer of effect"],
    ["domain/A.ts", `import * as effect from "effect";`, "imports * of effect"],
    ["domain/A.ts", `import * as Clock from "effect/Clock";`, "imports Clock of effect"],
    ["domain/A.ts", `export const a = Date.now();`, "Date.now"],
    ["domain/A.ts", `export const a = new Date();`, "new Date()"],
    ["domain/A.ts", `export const a = new Date;`, "new Date"],
    ["domain/A.ts", `export const a = Math.random();`, "Math.random"],
    ["domain/A.ts", "export const a = `a-${Math.random()}`;", "Math.random"],
    ["domain/A.ts", `export const a = crypto.randomUUID();`, "crypto.randomUUID"],
    ["domain/A.ts", `export const a = performance.now();`, "performance.now"],
    ["services/index.ts", `export const a = 1;`, "is a barrel"],
    [
      "services/A.ts",
      `// All.\nexport * from "./Log.ts";\nexport { log as l } from "./Log.ts";`,
      "is a barrel",
    ],
    ["services/A.ts", `import { log } from "./Log.ts";\nexport { log };`, "is a barrel"],
    ["services/utils/A.ts", `export const a = 1;`, `is named "utils"`],
    ["services/helpers.ts", `export const a = 1;`, `is named "helpers"`],
    ["infra/A.ts", `export const a = Deno.args;`, "uses the Deno global"],
    ["infra/A.ts", `export const a = (b: any) => b;`, "gives up type checking: any"],
    ["infra/A.ts", `export const a: Array<any> = [];`, "gives up type checking: any"],
    ["infra/A.ts", `export const a = b as any;`, "gives up type checking: any"],
    ["infra/A.ts", `export const a = b as unknown as string;`, "gives up type checking: as unknown as"],
    ["infra/A.ts", `// @ts-ignore: later\nexport const a = 1;`, "silences the compiler: @ts-ignore"],
  ])("finds the fault in %s: %s", (path, text, expected) => {
    const violations = findViolations([...neighbours, file(path, text)]);
    assert.lengthOf(violations, 1);
    assert.include(violations[0], expected);
    assert.include(violations[0], path);
  });

  it("finds a cycle", () => {
    const files = [
      file("domain/A.ts", `import { b } from "./B.ts";\nexport const a = b;`),
      file("domain/B.ts", `import type { C } from "./C.ts";\nexport const b = 1;`),
      file("domain/C.ts", `import { a } from "./A.ts";\nexport type C = typeof a;`),
    ];
    assert.deepStrictEqual(findViolations(files), [
      "cycle: domain/A.ts -> domain/B.ts -> domain/C.ts -> domain/A.ts",
    ]);
  });

  it.each([
    ["domain/A.ts", `import { Option, Schema } from "effect";\nimport * as Result from "effect/Result";`],
    ["domain/A.ts", `import { event } from "./Event.ts";\nexport const a = new Date(event);`],
    ["domain/A.ts", `import weights from "./weights.json" with { type: "json" };\nexport const a = weights;`],
    [
      "domain/A.ts",
      `// Unlike Date.now(), any clock: import { log } from "../services/Log.ts";\nexport const a = 1;`,
    ],
    [
      "domain/A.ts",
      `export const a = "Deno.args, Math.random(), as any";\nexport const b = /Date.now\\(any\\)/;`,
    ],
    ["domain/A.ts", 'export const a = `import { log } from "../services/Log.ts"`;'],
    [
      "infra/A.ts",
      `import { log } from "../services/Log.ts";\nexport { log };\nexport const a = Schedule.any(log);`,
    ],
    ["infra/A.ts", `export const a = Date.now() / 2; // "half" / "full"\nexport const b = Math.random();`],
    ["src/A.ts", `import { disk } from "../infra/Disk.ts";\nimport { event } from "../domain/Event.ts";`],
    ["tests/A.ts", `import { main } from "../src/main.ts";\nimport { fixture } from "./Fixture.ts";`],
    ["bench/A.ts", `import { fixture } from "../tests/Fixture.ts";`],
  ])("finds no fault in %s: %s", (path, text) => {
    assert.deepStrictEqual(findViolations([...neighbours, file(path, text)]), []);
  });
});
