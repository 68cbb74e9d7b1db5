/** JSON as `JSON.parse` returns it in a browser. */
export type Json = null | boolean | number | string | Json[] | JsonObject;
export type JsonObject = { [key: string]: Json };
