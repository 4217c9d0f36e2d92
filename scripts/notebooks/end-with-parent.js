// `node -r end-with-parent.js …`: a process that ends when the one that started it is gone. Jupyter ends its kernels
// itself, unless it is killed; a kernel of Python's notices that, tslab does not.
const { setInterval } = require("node:timers");

const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.exit();
}, 500).unref();
