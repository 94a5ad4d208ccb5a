// The published schema in JSON's own schema language. Loaded when it is first asked for: few ever ask, and it takes memory.
import { statusSchema } from '@pgrouted/core/status/schema';
import { toJSONSchema } from 'zod';

export const statusJsonSchema = (): unknown => toJSONSchema(statusSchema);
