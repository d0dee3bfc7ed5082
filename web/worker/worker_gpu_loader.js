import init from "./worker_gpu.js"; await init();
