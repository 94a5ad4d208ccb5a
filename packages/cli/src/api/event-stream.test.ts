import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventStreamReader } from './event-stream.ts';

describe('EventStreamReader', () => {
  it.each([
    ['data: a\n\n', [{ event: 'message', data: 'a', id: '' }]],
    ['id: 7\nevent: leader\ndata: {"a":1}\n\n', [{ event: 'leader', data: '{"a":1}', id: '7' }]],
    ['data: a\ndata: b\n\n', [{ event: 'message', data: 'a\nb', id: '' }]],
    [
      'data:a\r\n\r\ndata: b\r\n\r\n',
      [
        { event: 'message', data: 'a', id: '' },
        { event: 'message', data: 'b', id: '' },
      ],
    ],
    [': ping\n\n', []],
    ['event: x\n\n', []],
    ['data: not ended\n', []],
    [
      'id: 1\ndata: a\n\ndata: b\n\n',
      [
        { event: 'message', data: 'a', id: '1' },
        { event: 'message', data: 'b', id: '1' },
      ],
    ],
  ])('reads %j', (text, events) => {
    expect(new EventStreamReader().push(text)).toEqual(events);
  });

  it('reads the same however the text is cut into pieces', () => {
    const text = 'id: 1\r\nevent: leader\r\ndata: {"a":"ä"}\r\n\r\n: ping\n\ndata: b\n\nid: 3\ndata: c\n\n';
    const whole = new EventStreamReader().push(text);
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 10 }), (cuts) => {
        const reader = new EventStreamReader();
        const places = [0, ...cuts.sort((a, b) => a - b), text.length];
        const events = places.slice(1).flatMap((end, i) => reader.push(text.slice(places[i], end)));
        expect(events).toEqual(whole);
      }),
    );
  });
});
