// Preloaded into the platform that a test started: standard input ends when the test's process does, however it does, and
// the platform then ends as it does on Ctrl-C.
process.stdin
  .on('end', () => process.kill(process.pid, 'SIGTERM'))
  .resume()
  .unref();
