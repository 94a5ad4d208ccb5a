// Sends datagrams to sockets of the Unix kind. Node can't, but the C library that it runs on can: the executable calls that (native.ts).
// Never waits.
import { nativeFunctions } from '../native.ts';

/** False: it did not go out. */
export type SendDatagram = (text: string) => boolean;

interface Libc {
  readonly socket: (domain: number, type: number, protocol: number) => number;
  readonly sendto: (fd: number, text: Buffer, size: bigint, flags: number, to: Buffer, toSize: number) => bigint;
}

// Linux, x64 and arm64.
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4_000;
const SOCK_CLOEXEC = 0o2_000_000;
const MSG_NOSIGNAL = 0x4_000;

/** `name`: a path, or `@` and an abstract name. Undefined: it can't be done here. */
export function datagramsTo(name: string): SendDatagram | undefined {
  const address = addressOf(name);
  if (address === undefined) return undefined;
  const libc = nativeFunctions<Libc>({
    socket: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
    sendto: { arguments: ['i32', 'buffer', 'u64', 'i32', 'buffer', 'u32'], return: 'i64' },
  });
  if (libc === undefined) return undefined;
  const { socket, sendto } = libc;
  const descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return undefined;
  return (text) => {
    const bytes = Buffer.from(text);
    const sent = sendto(descriptor, bytes, BigInt(bytes.length), MSG_NOSIGNAL, address, address.length);
    return sent === BigInt(bytes.length);
  };
}

/** A `sockaddr_un`: family and path; an abstract name begins with a zero and ends where it ends. Undefined: it is another kind of name, or too long. */
export function addressOf(name: string): Buffer | undefined {
  const path = name.startsWith('/') ? `${name}\0` : name.startsWith('@') ? `\0${name.slice(1)}` : undefined;
  if (path === undefined || Buffer.byteLength(path) > 108) return undefined;
  const family = Buffer.alloc(2);
  // Of the machine's own byte order: little-endian on all that there is a runtime for.
  family.writeUInt16LE(AF_UNIX);
  return Buffer.concat([family, Buffer.from(path)]);
}
