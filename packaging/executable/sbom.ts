// The bill of materials of the executable, as CycloneDX JSON: what the bundle really holds, the Node runtime, and what that holds in turn. The same for every
// processor; the same bytes from the same commit.
import { Enums, Models, Serialize, Spec, Validation } from '@cyclonedx/cyclonedx-library';
import type { Component } from './components.ts';

export interface SbomOptions {
  readonly version: string;
  readonly commit: string;
  /** Seconds since 1970. */
  readonly epoch: number;
  readonly components: readonly Component[];
  readonly runtime: Component;
  /** `process.versions` of the runtime. */
  readonly runtimeParts: Readonly<Record<string, string>>;
}

/** Numbers of interfaces and data, not pieces of software; and what is not in these builds (an empty version). */
const noSoftware = ['node', 'modules', 'napi', 'unicode', 'cldr', 'tz'];

/** Throws when the result does not hold to CycloneDX's own schema. */
export async function sbomText(options: SbomOptions): Promise<string> {
  const spec = Spec.Spec1dot6;
  const text = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(spec)).serialize(bomOf(options), {
    sortLists: true,
    space: 2,
  });
  const wrong = await new Validation.JsonStrictValidator(spec.version).validate(text);
  if (wrong !== null)
    throw new Error(`the bill of materials does not hold to CycloneDX's schema: ${JSON.stringify(wrong)}`);
  return `${text}\n`;
}

function bomOf({ version, commit, epoch, components, runtime, runtimeParts }: SbomOptions): Models.Bom {
  const program = new Models.Component(Enums.ComponentType.Application, 'pgrouted', {
    version,
    bomRef: 'pgrouted',
    licenses: licenseOf('Apache-2.0'),
    properties: new Models.PropertyRepository([new Models.Property('pgrouted:commit', commit)]),
  });
  const node = new Models.Component(Enums.ComponentType.Platform, 'node', {
    version: runtime.version,
    bomRef: 'node',
    purl: `pkg:generic/node@${runtime.version}`,
    licenses: licenseOf(runtime.license),
    description: 'The Node.js runtime that the program is put into; its LICENSE has the licences of its parts.',
    components: new Models.ComponentRepository(
      Object.entries(runtimeParts)
        .filter(([name, of]) => of !== '' && !noSoftware.includes(name))
        .map(
          ([name, of]) =>
            new Models.Component(Enums.ComponentType.Library, name, { version: of, bomRef: `node/${name}@${of}` }),
        ),
    ),
  });
  const bundled = components.map(
    ({ name, version: of, license, purl }) =>
      new Models.Component(Enums.ComponentType.Library, name, {
        version: of,
        bomRef: purl,
        purl,
        licenses: licenseOf(license),
      }),
  );
  for (const part of [node, ...bundled]) program.dependencies.add(part.bomRef);
  return new Models.Bom({
    metadata: new Models.Metadata({
      timestamp: new Date(epoch * 1000),
      component: program,
      lifecycles: new Models.LifecycleRepository([Enums.LifecyclePhase.Build]),
    }),
    components: new Models.ComponentRepository([node, ...bundled]),
  });
}

const licenseOf = (id: string): Models.LicenseRepository => new Models.LicenseRepository([new Models.SpdxLicense(id)]);
