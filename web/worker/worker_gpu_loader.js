import init from "./worker_gpu.js"; self.build = "BUILD"; await init();
