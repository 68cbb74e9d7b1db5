/** The longest argument or variable in Linux, its NUL included (MAX_ARG_STRLEN, 32 pages). */
export const MAX_STRING = 128 * 1024;
/** Cloud Run's limits: bytes of a variable's value, characters of its name (k8s.min.proto). */
export const MAX_VARIABLE = 32_768;
/** The largest task definition in Amazon ECS, in bytes. */
export const MAX_DEFINITION = 64 * 1024;
