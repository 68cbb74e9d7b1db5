/** What the error codes of file operations mean (errno(3)). */
const MEANINGS: Record<string, string> = {
  EACCES: "permission denied",
  EBUSY: "it is in use",
  EDQUOT: "the disk quota is used up: make room",
  EEXIST: "it already exists",
  EFBIG: "the file is larger than the limit of this process: raise the limit (ulimit -f)",
  EISDIR: "it is a folder",
  EIO: "the disk reports an error",
  ELOOP: "its symbolic links form a loop",
  EMFILE: "this process has too many open files",
  ENAMETOOLONG: "the name is too long",
  ENFILE: "the system has too many open files",
  ENOENT: "there is no such file or folder",
  ENOSPC: "no space left on the disk: make room",
  ENOTDIR: "a part of its path is not a folder",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ESTALE: "it was replaced on its network disk: repeat the command",
};

/** Why a file operation failed, as the end of a sentence: `permission denied (EACCES)`. */
export function describeFileError(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const meaning = code === undefined ? undefined : MEANINGS[code];
  return meaning === undefined ? message : `${meaning} (${code})`;
}

/** Whether an error comes from the file system: a path cannot be read or written. This is never a bug of pushpool. */
export function isFileError(error: unknown): error is NodeJS.ErrnoException {
  const { code, syscall } = error as NodeJS.ErrnoException;
  return code !== undefined && Object.hasOwn(MEANINGS, code) && syscall !== undefined;
}
