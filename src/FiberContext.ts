/**
 * To be imported before `effect`. Effect runs its fibers inside Node's async contexts where the runtime has them; Deno 2.9 chains
 * each new context to the one before, so that every wait of a fiber keeps some 450 bytes until the fiber ends, and the loops
 * of a service never end. Effect does without these contexts when it does not find them; nothing here relies on them.
 */
import process from "node:process";

const getBuiltinModule: unknown = Reflect.get(process, "getBuiltinModule");

Object.defineProperty(process, "getBuiltinModule", {
  configurable: true,
  value: (id: string) =>
    id === "node:async_hooks" || typeof getBuiltinModule !== "function"
      ? undefined
      : getBuiltinModule.call(process, id),
});
