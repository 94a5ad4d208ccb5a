import { describe, expect, it } from 'vitest';
import { copyrightText, holdersIn, licenseOf } from './copyright.ts';

const mit = {
  name: '@scope/one',
  version: '1.2.3',
  license: 'MIT',
  text: 'The MIT License\n\nCopyright (c) 2019 Somebody\n\nPermission is hereby granted\n',
};

describe('the copyright file', () => {
  const said = copyrightText([mit]);

  it('names who holds the rights on each piece, and its licence', () => {
    expect(said).toContain(
      `
Files: usr/bin/pgrouted
Copyright: 2026 the developers of pgrouted
 @scope/one: Copyright (c) 2019 Somebody
License: Apache-2.0 and MIT-of-scope-one-1.2.3
`,
    );
  });

  it('has the text of each licence in the form that machines read', () => {
    expect(said).toContain(
      '\nLicense: MIT-of-scope-one-1.2.3\n The MIT License\n .\n Copyright (c) 2019 Somebody\n .\n Permission is hereby granted\n',
    );
  });

  it('has the text of the Apache License by reference only', () => {
    const apache = `                                 Apache License
                           Version 2.0, January 2004

   1. Definitions.

   END OF TERMS AND CONDITIONS

   Copyright 2020 Somebody`;
    const text = copyrightText([{ name: 'two', version: '1.0.0', license: 'Apache-2.0', text: apache }]);
    expect(text).toContain('Apache License, Version 2.0, in full');
    expect(text).toContain('\n two: Copyright 2020 Somebody\n');
    expect(text).not.toContain('Definitions');
  });

  it('points to the text where it names nobody', () => {
    expect(holdersIn('Do what you want\n  (c) You must retain all copyright notices\n')).toEqual([
      'see the text of the licence',
    ]);
  });

  it('comes to one expression, in which each licence stands once', () => {
    expect(licenseOf([mit, { ...mit, name: 'two' }, { ...mit, license: '(MIT OR CC0-1.0)' }])).toBe(
      '(MIT OR CC0-1.0) AND Apache-2.0 AND MIT',
    );
  });
});
