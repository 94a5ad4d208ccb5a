// HAProxy's state machine for servers as a small model: what the properties are checked against, and what stands in for HAProxy where a
// fault can't be made with the real one (sessions that won't end, answers that come late, half, or not at all).
// Its answers have the form of 2.6.12, its transitions are those measured there.
import { parseAnswer, type TargetFacts } from '@pgrouted/core/haproxy/parse';

export interface ModelServer {
  readonly backend: string;
  readonly name: string;
  port: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** Default 1. */
  readonly initialWeight?: number;
  admin: number;
  op: number;
  weight: number;
  /** Its own check fails: it stays stopped unless maint is lifted. */
  readonly checkFails: boolean;
  sessions: number;
  /** Sessions that were told to end. They count until they have. */
  ending: number;
}

const OUT = 0x3b;
const STATE_HEADER =
  '# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port';
const STAT_HEADER =
  '# pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,wretr,wredis,status,weight,act,bck,chkfail,chkdown,lastchg,downtime,qlimit,pid,iid,sid,throttle,lbtot,tracked,type,rate,';

export class HaproxyModel {
  pid = 1_000;
  stopping = 0;
  /** Commands that change something do nothing, though they are answered as if. */
  deaf = false;
  /** Sessions that were told to end don't. */
  stubborn = false;
  /** Those that were all told at once don't; those that were told one by one do. */
  stubbornAtOnce = false;
  /** The clients of all sessions are gone: sessions don't end, whatever they are told. */
  clientsGone = false;
  /** How often all sessions were listed. */
  listings = 0;
  /** Sessions that were told to end have ended when the next command comes. */
  prompt = false;
  readonly executed: string[] = [];
  /** What HAProxy's own watchdog was told, by backend; undefined: it is not loaded. */
  watchdog: Map<string, number> | undefined;
  /** What the hold action answers to `pgrouted hold`; undefined: it is not loaded. */
  hold: string | undefined;
  /** Commands of this kind are refused with this text: `add`, `del`, `weight`, `addr`. */
  refuses: { readonly what: string; readonly says: string } | undefined;
  version = '2.6.12';
  /** Answered once more to each order, as the watchdog does when it has closed something or is late. */
  watchdogSays = '';
  /** Milliseconds. Undefined: each server was changed a second ago. */
  clock: { now(): number } | undefined;
  readonly #changedAt = new WeakMap<ModelServer, number>();
  readonly servers: ModelServer[];
  readonly #backends: string[];

  constructor(servers: readonly ModelServer[]) {
    this.servers = servers.map((server) => ({ ...server }));
    this.#backends = [...new Set(servers.map(({ backend }) => backend))];
  }

  server(backend: string, name: string): ModelServer | undefined {
    return this.servers.find((one) => one.backend === backend && one.name === name);
  }

  accepts(server: ModelServer): boolean {
    return (server.admin & OUT) === 0 && server.op !== 0;
  }

  accepting(backend: string): readonly ModelServer[] {
    return this.servers.filter((server) => server.backend === backend && this.accepts(server));
  }

  /** A client connects to every server that takes it. */
  connectClients(): void {
    for (const server of this.servers) if (this.accepts(server)) server.sessions += 1;
  }

  /** Sessions that were told to end have ended. */
  endSessions(): void {
    if (this.stubborn || this.clientsGone) return;
    for (const server of this.servers) {
      server.sessions -= server.ending;
      server.ending = 0;
    }
  }

  /** A line as it comes over the socket. */
  line(text: string): string {
    return text
      .trimEnd()
      .split(';')
      .map((command) => this.execute(command))
      .join('');
  }

  /** What `show info; show servers state; show stat` tell. */
  facts(): TargetFacts {
    const reads = this.#backends.flatMap((backend) => [`show servers state ${backend}`, `show stat ${backend} 4 -1`]);
    const { worker, servers } = parseAnswer(this.line(['show info', ...reads].join(';')));
    if (worker === undefined) throw new Error('the model gave no "show info"');
    return { worker, servers };
  }

  execute(command: string): string {
    const [verb, ...words] = command.split(' ');
    if (this.prompt) this.endSessions();
    if (command === 'show info') return this.#info();
    if (command === 'show servers state') return this.#state(undefined);
    if (command.startsWith('show servers state ')) return this.#state(words[2] ?? '');
    if (command.startsWith('show stat ')) return this.#stat(words[1] ?? '');
    if (command === 'show cli level') return 'admin\n\n';
    if (command === 'show sess') return this.#sessions();
    if (command === 'pgrouted hold') return `${this.hold ?? 'Unknown command, but maybe one of these:'}\n\n`;
    if (command.startsWith('pgrouted watchdog')) return this.#watch(words.slice(1));
    this.executed.push(command);
    if (verb === 'shutdown' && words[0] === 'session') return this.#shutdownSession(words[1] ?? '');
    if (verb === 'enable' && words[0] === 'health') return '\n';
    if (verb !== 'set' && verb !== 'shutdown' && verb !== 'add' && verb !== 'del') return 'Unknown command\n\n';
    if (this.stopping === 1) return 'Proxy is disabled.\n\n';
    if (this.refuses !== undefined && `${command} `.includes(`${this.refuses.what} `))
      return `${this.refuses.says}\n\n`;
    if (verb === 'add' || verb === 'del') return this.#membership(verb, words.slice(1));
    const [backend, name] = (verb === 'set' ? words[1] : words[2])?.split('/') ?? [];
    const server = this.server(backend ?? '', name ?? '');
    if (server === undefined) return 'No such server.\n\n';
    if (!this.deaf) this.#change(server, verb === 'set' ? words.slice(2).join(' ') : 'shutdown');
    return '\n';
  }

  /** As 2.6 does it; a deleted one leaves no empty line behind its answer. */
  #membership(verb: 'add' | 'del', [path = '', address = '']: readonly string[]): string {
    const [backend = '', name = ''] = path.split('/');
    const index = this.servers.findIndex((one) => one.backend === backend && one.name === name);
    const there = this.servers[index];
    if (verb === 'del') {
      if (there === undefined) return 'No such server.\n\n';
      if ((there.admin & 0x01) === 0) return 'Only servers in maintenance mode can be deleted.\n';
      if (there.sessions > 0) return 'Server still has connections attached to it, cannot remove it.\n';
      if (!this.deaf) this.servers.splice(index, 1);
      return 'Server deleted.\n';
    }
    if (!this.#backends.includes(backend)) return 'No such backend.\n\n';
    if (there !== undefined) return 'Already exists a server with the same name in backend.\n\n';
    const colon = address.lastIndexOf(':');
    const [host, port] = [address.slice(0, colon), Number(address.slice(colon + 1))];
    const added = { backend, name, host, port, admin: 1, op: 0, weight: 1, checkFails: false, sessions: 0, ending: 0 };
    if (!this.deaf) this.servers.push(added);
    return 'New server registered.\n\n';
  }

  #change(server: ModelServer, what: string): void {
    const [, host, port] = /^addr (\S+) port (\d+)$/.exec(what) ?? [];
    if (host !== undefined) {
      server.host = host;
      server.port = Number(port);
      return;
    }
    const [, weight] = /^weight (\d+)$/.exec(what) ?? [];
    if (weight !== undefined) {
      server.weight = Number(weight);
      return;
    }
    // Each state that is told sets it back, as it was found with the real one (2.6.12); a weight does not.
    if (what.startsWith('state ') && this.clock !== undefined) this.#changedAt.set(server, this.clock.now());
    switch (what) {
      case 'state ready':
        // Lifting maint starts a server at once, even while its check fails; from anywhere else the check's word stays.
        if ((server.admin & 0x01) !== 0) server.op = 2;
        server.admin &= ~0x09;
        break;
      case 'state drain':
        if ((server.admin & 0x01) !== 0) server.op = 2;
        server.admin = (server.admin & ~0x01) | 0x08;
        break;
      case 'state maint':
        server.admin = (server.admin & ~0x08) | 0x01;
        server.op = 0;
        break;
      case 'weight 100%':
        server.weight = server.initialWeight ?? 1;
        break;
      case 'weight 0%':
        server.weight = 0;
        break;
      case 'health up':
        if ((server.admin & 0x23) === 0) server.op = 2;
        break;
      case 'shutdown':
        if (!this.stubbornAtOnce) server.ending = server.sessions;
        break;
      default:
        throw new Error(`the model doesn't know "${what}"`);
    }
  }

  #info(): string {
    const conns = this.servers.reduce((sum, { sessions }) => sum + sessions, 0);
    return `Name: HAProxy\nVersion: ${this.version}\nPid: ${this.pid}\nUptime_sec: 5\nCurrConns: ${conns}\nStopping: ${this.stopping}\nStart_time_sec: ${this.pid}\n\n`;
  }

  #sessions(): string {
    this.listings += 1;
    const rows = this.servers.flatMap((server, index) =>
      Array.from({ length: server.sessions }, (_, n) => {
        const id = `0x${(index + 1).toString(16)}f${n.toString(16)}`;
        return `${id}: proto=tcpv4 src=127.0.0.1:9 fe=fe be=${server.backend} srv=${server.name} ts=00 age=0s rq[f=${this.clientsGone ? '80a020' : '808000'}h,i=0]\n`;
      }),
    );
    rows.push('0xfff: proto=unix_stream src=unix:1 fe=GLOBAL be=<NONE> srv=<none> ts=00 age=0s\n');
    return `${rows.join('')}\n`;
  }

  #shutdownSession(id: string): string {
    const row = this.#sessions()
      .split('\n')
      .find((line) => line.startsWith(`${id}: `));
    const [, backend = '', name = ''] = / be=(\S+) srv=(\S+) /.exec(row ?? '') ?? [];
    const server = this.server(backend, name);
    if (server === undefined) return "No such session (use 'show sess').\n\n";
    if (!this.stubborn) server.ending += 1;
    return '\n';
  }

  #watch([verb, backend = '']: readonly string[]): string {
    if (this.watchdog === undefined)
      return 'Unknown command, but maybe one of the following ones is a better match:\n\n';
    if (verb === undefined) return 'nothing is armed\n\n';
    const says = this.watchdogSays;
    this.watchdogSays = '';
    if (says.startsWith('late ')) return `${says}\n\n`;
    if (verb === 'off') this.watchdog.delete(backend);
    else this.watchdog.set(backend, Number(verb));
    return `${verb === 'off' ? `off ${backend}` : `armed ${backend} ${verb} ms left`}\n${says === '' ? '' : `${says}\n`}\n`;
  }

  #id(backend: string): number {
    return this.#backends.indexOf(backend) + 2;
  }

  /** Undefined: of all backends. */
  #state(backend: string | undefined): string {
    if (backend !== undefined && !this.#backends.includes(backend)) return "Can't find backend.\n\n";
    const rows = this.servers
      .map((server, index) => ({ server, index }))
      .filter(({ server }) => backend === undefined || server.backend === backend)
      .map(
        ({ server: s, index }) =>
          `${this.#id(s.backend)} ${s.backend} ${index + 1} ${s.name} ${s.host ?? '127.0.0.1'} ${s.op} ${s.admin} ${s.weight} ${s.initialWeight ?? 1} ${this.#changedSecAgo(s)} 1 0 0 ${s.checkFails ? 6 : 8} 0 0 0 - ${s.port} - 0 0 - - 0\n`,
      );
    return `1\n${STATE_HEADER}\n${rows.join('')}\n`;
  }

  #changedSecAgo(server: ModelServer): number {
    if (this.clock === undefined) return 1;
    return Math.floor((this.clock.now() - (this.#changedAt.get(server) ?? -60_000)) / 1_000);
  }

  #stat(of: string): string {
    const rows = this.servers
      .filter(({ backend }) => of === '-1' || backend === of || String(this.#id(backend)) === of)
      .map(({ backend, name, sessions }) => `${backend},${name},0,0,${sessions},0,${','.repeat(26)}2,0,\n`);
    return rows.length === 0 ? 'No such proxy.\n\n' : `${STAT_HEADER}\n${rows.join('')}\n`;
  }
}
