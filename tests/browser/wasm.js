// Runs a test binary of cargo for wasm32-unknown-unknown: node wasm.js FILE. It says nothing; a failed test is a trap,
// whose trace names the test.
import { readFile } from "node:fs/promises";

const { instance } = await WebAssembly.instantiate(await readFile(process.argv[2]), {});
process.exitCode = instance.exports.main(0, 0);
