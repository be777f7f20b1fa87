import { availableParallelism } from 'node:os'

/** Server settings of the embedded engine; every limit follows from what it may use. */
export interface EngineLimits {
  memoryBytes: number
  cores?: number
}

const mib = 2 ** 20
type Settings = { [name: string]: string | number | Settings }

/** config.xml. No system log tables: nobody reads them here and they only grow. */
export function serverConfig(limits: EngineLimits, logFile: string, usersFile: string): string {
  const { memoryBytes, cores = availableParallelism() } = limits
  const pool = Math.max(4, cores * 2)
  const cache = (share: number, most: number) => Math.floor(Math.min(memoryBytes * share, most * mib))
  return xml({
    logger: { log: logFile, size: '10M', count: 2 },
    users_config: usersFile,
    max_server_memory_usage: memoryBytes,
    mark_cache_size: cache(0.05, 512),
    index_mark_cache_size: cache(0.02, 128),
    index_uncompressed_cache_size: 0,
    // Of what screens ask for: storage/clickhouse.ts, `readOnly`.
    uncompressed_cache_size: cache(0.05, 512),
    // The defaults suit 16 cores: with two, 32 merges at once would leave nothing for inserts and queries.
    background_pool_size: pool,
    background_merges_mutations_concurrency_ratio: 2,
    background_schedule_pool_size: 16,
    background_common_pool_size: 4,
    max_concurrent_queries: 100,
    // Whoever asks of ours has ended by then; five seconds by default, spent on connections that somebody keeps alive.
    shutdown_wait_unfinished: 1,
    merge_tree: {
      // Statistics of columns for choosing filters: no query here gains by them, every INSERT and merge pays for them.
      auto_statistics_types: '',
      // A pool smaller than these thresholds is refused.
      number_of_free_entries_in_pool_to_lower_max_size_of_merge: pool / 2,
      number_of_free_entries_in_pool_to_execute_mutation: pool / 2,
      number_of_free_entries_in_pool_to_execute_optimize_entire_partition: pool / 2,
    },
  })
}

/** users.xml: one user without a password, who can come from this machine only. */
export function usersConfig({ memoryBytes }: EngineLimits): string {
  const spill = Math.floor(memoryBytes * 0.3)
  return xml({
    profiles: {
      default: {
        // On by default since 26.3, and of no use for blocks that are already large.
        async_insert: 0,
        // Merges make these indexes: in the small parts of INSERTs, of one job each where they are facts, they would cost much and skip little.
        exclude_materialize_skip_indexes_on_insert: 'attr_values, trace',
        log_queries: 0,
        max_memory_usage: Math.floor(memoryBytes * 0.7),
        max_bytes_before_external_group_by: spill,
        max_bytes_before_external_sort: spill,
      },
    },
    users: { default: { password: '', networks: { ip: '127.0.0.1' }, profile: 'default', quota: 'default' } },
    quotas: { default: '' },
  })
}

function xml(settings: Settings): string {
  const element = (name: string, value: string | number | Settings, indent: string): string =>
    typeof value === 'object'
      ? `${indent}<${name}>\n${elements(value, `${indent}  `)}${indent}</${name}>\n`
      : `${indent}<${name}>${escape(String(value))}</${name}>\n`
  const elements = (of: Settings, indent: string) =>
    Object.entries(of)
      .map(([name, value]) => element(name, value, indent))
      .join('')
  return element('clickhouse', settings, '')
}

const escape = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
