import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

/** A source file of the project; `path` is relative to the project's root. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** The layers; each may import itself and those before it. Benchmarks share the tests' scratch server and fixtures. */
const layers = ["domain", "services", "infra", "src", "tests", "bench"];

/** The files that may use the Deno global. */
const denoFiles = ["infra/embedded/DirectoryLock.ts"];

/** What the domain may import from "effect": modules that hold or transform data and run nothing. */
const dataModules = new Set(
  [
    "Array BigDecimal BigInt Boolean Brand Bytes ByteSize Chunk Data DateTime Duration Encoding Equal Equivalence",
    "Function Hash HashMap HashSet Match Number Option Order Ordering Predicate Record Result Schema SchemaGetter",
    "SchemaIssue SchemaTransformation String Struct Tuple Types absurd flow identity pipe",
  ].flatMap((line) => line.split(" ")),
);

const impureExpressions = [
  /\b(?:Date|DateTime|performance)\.now\w*|\bTemporal\.Now\b/,
  /\bnew\s+Date\s*(?:\(\s*\)|(?![\s(\w$]))|(?<!new\s+|[.\w$])Date\s*\(/,
  /\b(?:Math|crypto)\.(?:random|getRandom)\w*/,
  /\bset(?:Timeout|Interval)\b/,
];

const doubtfulTypes = /(?<![.\w$])any(?![\w$]|\s*[:(])|\bas\s+unknown\s+as\b/;

const vagueName = /^(?:utils?|helpers?|common|misc)$/i;

/** A file's code with its comments taken out and its literals replaced by numbers in quotes. */
interface Code {
  readonly code: string;
  readonly comments: string;
  readonly literals: ReadonlyArray<string>;
}

const tokens = new RegExp(
  [
    /\/\*[^]*?\*\/|\/\/.*/, // comments
    /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\[^]|[^`\\])*`/, // strings and templates
    // Regular expressions, told from divisions by what stands before them.
    /(?<=(?:^|[(,=:[!&|?{};+]|\breturn|=>)\s*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/\w*/,
  ].map(({ source }) => source).join("|"),
  "g",
);

const codeOf = (text: string): Code => {
  const literals: Array<string> = [];
  let comments = "";
  const mask = (token: string): string => {
    if (/^\/[/*]/.test(token)) {
      comments += `${token}\n`;
      return " ";
    }
    const expressions = token.startsWith("`") ? token.matchAll(/\$\{((?:[^{}]|\{[^{}]*\})*)\}/g) : [];
    const masked = [...expressions].map(([, expression = ""]) => `(${expression.replace(tokens, mask)})`);
    return `"${literals.push(token.slice(1, -1)) - 1}"${masked.join("")}`;
  };
  return { code: text.replace(tokens, mask), comments, literals };
};

interface Import {
  readonly specifier: string;
  /** The names before any renaming; "*" for all of them; empty for an import of the file as a whole. */
  readonly names: ReadonlyArray<string>;
}

const importsOf = ({ code, literals }: Code): ReadonlyArray<Import> => {
  const clauses = code.matchAll(/\b(?:import|export)\s+((?:type\s+)?[\w$*{}\s,]*?)\s*\bfrom\s*"(\d+)"/g);
  const wholes = code.matchAll(/\bimport\s*\(?\s*()"(\d+)"|\bnew\s+URL\s*\(\s*()"(\d+)"\s*,\s*import\.meta/g);
  return [...clauses, ...wholes].map(([, clause = "", first, , second]) => ({
    specifier: literals[Number(first ?? second)] ?? "",
    names: clause.replace(/^type\s+(?=[{*])/, "").split(/[{},]/)
      .map((name) => name.trim().replace(/^type\s+/, "").split(/\s+as\s+/)[0] ?? "")
      .filter((name) => name !== ""),
  }));
};

const isBarrel = ({ code }: Code): boolean => {
  const reexport = /\bexport\s+(?:type\s+)?(?:\*(?:\s+as\s+[\w$]+)?|\{[^}]*\})(?:\s*from\s*"\d+")?\s*;?/g;
  const rest = code.replace(reexport, "").replace(/\bimport\b[^;"]*"\d+"\s*;?/g, "");
  return reexport.test(code) && rest.trim() === "";
};

const layerOf = (path: string) => path.split("/")[0] ?? "";

const importViolations = (path: string, { specifier, names }: Import, paths: ReadonlySet<string>) => {
  const from = layerOf(path);
  if (!specifier.startsWith(".")) {
    if (from !== "domain") return [];
    const [packageName, module, ...rest] = specifier.split("/");
    if (packageName !== "effect" || rest.length > 0) return [`imports ${specifier} into the domain`];
    return (module === undefined ? names : [module]).filter((name) => !dataModules.has(name))
      .map((name) => `imports ${name} of effect into the domain`);
  }
  const target = posix.join(posix.dirname(path), specifier);
  if (!paths.has(target)) return target.endsWith(".ts") ? [`imports ${target}, which does not exist`] : [];
  const to = layerOf(target);
  const isForbidden = layers.indexOf(to) > layers.indexOf(from);
  return isForbidden ? [`imports ${target}: ${from} must not import ${to}`] : [];
};

const fileViolations = ({ path, text }: SourceFile, paths: ReadonlySet<string>): ReadonlyArray<string> => {
  const source = codeOf(text);
  const found = importsOf(source).flatMap((each) => importViolations(path, each, paths));
  const segments = path.split("/").map((segment) => segment.replace(/\..*$/, ""));
  const vague = segments.find((segment) => vagueName.test(segment));
  if (vague !== undefined) found.push(`is named "${vague}", which says nothing`);
  if (segments.at(-1) === "index" || isBarrel(source)) found.push("is a barrel");
  if (/\bDeno\b/.test(source.code) && !denoFiles.includes(path)) found.push("uses the Deno global");
  for (const expression of layerOf(path) === "domain" ? impureExpressions : []) {
    const impure = expression.exec(source.code)?.[0];
    if (impure !== undefined) found.push(`reads a clock or randomness in the domain: ${impure}`);
  }
  const doubt = doubtfulTypes.exec(source.code)?.[0];
  if (doubt !== undefined) found.push(`gives up type checking: ${doubt}`);
  const silenced = /@ts-(?:ignore|expect-error|nocheck)/.exec(source.comments)?.[0];
  if (silenced !== undefined) found.push(`silences the compiler: ${silenced}`);
  return found.map((violation) => `${path} ${violation}`);
};

const cycles = (files: ReadonlyArray<SourceFile>): ReadonlyArray<string> => {
  const targets = new Map(files.map(({ path, text }) => [
    path,
    importsOf(codeOf(text)).filter(({ specifier }) => specifier.startsWith("."))
      .map(({ specifier }) => posix.join(posix.dirname(path), specifier)),
  ]));
  const done = new Set<string>();
  const found: Array<string> = [];
  const visit = (path: string, trail: ReadonlyArray<string>): void => {
    if (trail.includes(path)) {
      found.push(`cycle: ${[...trail.slice(trail.indexOf(path)), path].join(" -> ")}`);
    }
    if (trail.includes(path) || done.has(path)) return;
    for (const target of targets.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const { path } of files) visit(path, []);
  return found;
};

/** Every breach of the project's rules of structure, one line each; empty if there is none. */
export const findViolations = (files: ReadonlyArray<SourceFile>): ReadonlyArray<string> => {
  const paths = new Set(files.map(({ path }) => path));
  return [...files.flatMap((file) => fileViolations(file, paths)), ...cycles(files)];
};

/** All TypeScript files of the layers below `root`. */
export const readSources = (root: string): ReadonlyArray<SourceFile> =>
  readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && layers.includes(entry.name))
    .flatMap(({ name }) =>
      readdirSync(join(root, name), { recursive: true, encoding: "utf8" })
        .filter((path) => path.endsWith(".ts"))
        .map((path) => ({ path: posix.join(name, path), text: readFileSync(join(root, name, path), "utf8") }))
    );
