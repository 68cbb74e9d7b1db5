import type { Secret } from "./secret";

/** Whatever JSON can say. */
export type Json = null | boolean | number | string | Json[] | JsonObject;
export type JsonObject = { [key: string]: Json };

/** JSON whose leaves may be secret. What comes out of a manifest and goes through rendering is of this kind until the moment of submitting. */
export type Value = null | boolean | number | string | Secret | Value[] | ValueObject;
export type ValueObject = { [key: string]: Value };
