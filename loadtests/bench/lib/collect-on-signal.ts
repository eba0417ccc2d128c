/**
 * For `node --expose-gc --import <this>`: collects garbage at SIGUSR2, so that what is in use can be told from what nobody has
 * thrown away yet.
 */
process.on('SIGUSR2', () => globalThis.gc?.())
