import type { Method } from "./api";

export const IAM_METHODS: readonly Method[] = [];
