import init from "./worker_cpu.js"; self.build = "BUILD"; await init();
