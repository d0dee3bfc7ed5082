import init from "./worker_cpu.js"; await init();
