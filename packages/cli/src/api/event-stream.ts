// Reads the text form of server-sent events (WHATWG HTML, "Interpreting an event stream"), chunk by chunk. No I/O.

export interface StreamEvent {
  /** `message` unless the stream named it. */
  readonly event: string;
  readonly data: string;
  /** The last id that the stream gave, here or before. */
  readonly id: string;
}

export class EventStreamReader {
  #buffer = '';
  #event = '';
  #id = '';
  #data: string[] = [];

  /** Takes the next piece of text, gives the events that it completes. */
  push(text: string): readonly StreamEvent[] {
    this.#buffer += text;
    const events: StreamEvent[] = [];
    for (;;) {
      const end = /\r\n|\n|\r(?!$)/.exec(this.#buffer);
      if (end === null) return events;
      const line = this.#buffer.slice(0, end.index);
      this.#buffer = this.#buffer.slice(end.index + end[0].length);
      const event = this.#line(line);
      if (event !== undefined) events.push(event);
    }
  }

  #line(line: string): StreamEvent | undefined {
    if (line === '') return this.#dispatch();
    // A comment: routers send them to keep the connection alive.
    if (line.startsWith(':')) return undefined;
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') this.#data.push(value);
    else if (field === 'event') this.#event = value;
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
    return undefined;
  }

  #dispatch(): StreamEvent | undefined {
    const data = this.#data;
    const event = this.#event;
    this.#data = [];
    this.#event = '';
    return data.length === 0
      ? undefined
      : { event: event === '' ? 'message' : event, data: data.join('\n'), id: this.#id };
  }
}
