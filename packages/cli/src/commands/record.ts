// pgroutectl record: writes what etcd (and PostgreSQL) says to files that `pgroutectl replay` reads.
import type { Log } from '@pgrouted/core/model/log';
import { sourcePrefix } from '@pgrouted/core/source/source';
import { chooseStoredCluster, readConfig } from '../config-file.ts';
import { type ExitCode, exitCodes, Failure } from '../failure.ts';
import type { Io } from '../io.ts';
import { type LineSink, openOutput } from '../record/output-file.ts';
import { type Progress, record as runRecording } from '../record/recording.ts';
import { formatAge } from '../render/amounts.ts';
import { clean } from '../render/text.ts';

export interface RecordOptions {
  readonly config: string;
  readonly cluster: string | undefined;
  /** Undefined: until Ctrl-C. */
  readonly durationMs: number | undefined;
  /** Undefined: standard output. */
  readonly output: string | undefined;
  readonly probe: string | undefined;
  readonly force: boolean;
  readonly timeoutMs: number;
}

export async function record(io: Io, options: RecordOptions): Promise<ExitCode> {
  const config = readConfig(io, options.config, 'real');
  const cluster = chooseStoredCluster(config, options.cluster);
  if (options.probe !== undefined && cluster.probe === undefined) {
    throw new Failure(
      `cluster ${clean(cluster.name)} has no \`probe:\` in ${options.config}, so --probe has nobody to ask as`,
      exitCodes.usage,
    );
  }
  if (options.probe !== undefined && options.probe === options.output) {
    throw new Failure('--probe and -o need two different files', exitCodes.usage);
  }
  const events = options.output === undefined ? standardOutput(io) : openOutput(options.output, options.force);
  let probes: LineSink | undefined;
  try {
    probes = options.probe === undefined ? undefined : openOutput(options.probe, options.force);
    io.err(
      `pgroutectl: recording ${sourcePrefix(cluster.source)}${options.durationMs === undefined ? ' until Ctrl-C' : ` for ${formatAge(options.durationMs)}`}\n`,
    );
    const show = progressLine(io);
    const { etcd } = config;
    if (etcd === undefined) throw new Failure('the configuration names no etcd', exitCodes.usage);
    const end = await runRecording(io, {
      etcd,
      cluster,
      events,
      probes,
      durationMs: options.durationMs,
      timeoutMs: options.timeoutMs,
      log: warningsTo(io),
      onProgress: show,
    });
    io.err(`${io.errIsTerminal ? '\r\x1b[K' : ''}pgroutectl: ${sentence(end)}\n`);
    if (end.gaps > 0)
      io.err(
        `pgroutectl: ${end.gaps} times etcd had to be listed anew; values between may be MISSING from the recording\n`,
      );
    return exitCodes.ok;
  } finally {
    events.close();
    probes?.close();
  }
}

const standardOutput = (io: Io): LineSink => ({ write: io.out, close: () => {} });

const sentence = ({ elapsedMs, events, probeLines }: Progress): string =>
  `recorded ${formatAge(elapsedMs)}: ${events} events, ${probeLines} probe changes`;

/** One line that is written over, each second; on no terminal nothing, since the end has the same numbers. */
function progressLine(io: Io): (progress: Progress) => void {
  let shownSecond = -1;
  return (progress) => {
    const second = Math.floor(progress.elapsedMs / 1000);
    if (!io.errIsTerminal || second === shownSecond) return;
    shownSecond = second;
    io.err(`\r\x1b[K${sentence(progress)}${progress.confirmed ? '' : ', etcd does NOT CONFIRM'} (Ctrl-C ends)`);
  };
}

function warningsTo(io: Io): Log {
  const say = (fields: Readonly<Record<string, unknown>>, message: string): void => {
    const detail = fields['err'] ?? fields['warning'] ?? fields['why'];
    const start = io.errIsTerminal ? '\r\x1b[K' : '';
    io.err(`${start}pgroutectl: ${clean(`${message}${detail === undefined ? '' : `: ${String(detail)}`}`)}\n`);
  };
  return { debug: () => {}, info: () => {}, warn: say, error: say };
}
