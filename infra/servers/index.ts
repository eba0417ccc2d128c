/** What tests, benchmarks and load tests start; `make run` starts the same. */
export { type Cluster, type ClusterOptions, startCluster } from './cluster.ts'
export { Daemon, type Surroundings } from './daemon.ts'
export { type MongoOptions, type MongoServer, startMongo } from './mongo.ts'
export { type RedisOptions, startRedis } from './redis.ts'
export { type S3Options, startS3 } from './s3.ts'
export type { Server } from './server.ts'
