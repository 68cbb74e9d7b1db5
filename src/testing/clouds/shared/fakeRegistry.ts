/** A login to a registry, as `docker login` takes it. */
export interface RegistryLogin {
  username: string;
  password: string;
}

/** An image that was pushed. */
export interface PushedImage {
  /** Such as `linux/amd64`. */
  platforms: readonly string[];
  /** The files in its working directory, by path, as far as they come from the build's context. @default none */
  files?: ReadonlyMap<string, Buffer>;
}

/** An image's name, in its parts. */
export interface ImageName {
  /** Such as `europe-west1-docker.pkg.dev/acme/flows/etl`. */
  repository: string;
  tag?: string;
  /** Such as `sha256:…`. */
  digest?: string;
}

/** The parts of `HOST/REPOSITORY[:TAG][@DIGEST]`. */
export function imageNameOf(reference: string): ImageName {
  const [, repository = reference, tag, digest] = /^([^@]+?)(?::([^:/@]+))?(?:@(.+))?$/.exec(reference) ?? [];
  return { repository, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

/** The images of a cloud's registries. */
export class ImageStore {
  readonly #repositories = new Map<string, { images: Map<string, PushedImage>; tags: Map<string, string> }>();

  /** @returns the names of all images, each with its digest */
  names(): string[] {
    return [...this.#repositories].flatMap(([repository, { images }]) => [...images.keys()].map((digest) => `${repository}@${digest}`));
  }

  /** Store an image, and move the tag to it, if one is given. */
  push({ repository, tag }: ImageName, digest: string, image: PushedImage): void {
    const known = this.#repositories.get(repository) ?? { images: new Map(), tags: new Map() };
    this.#repositories.set(repository, known);
    known.images.set(digest, image);
    if (tag !== undefined) known.tags.set(tag, digest);
  }

  /** The image of a name: by its digest, else by its tag. */
  find({ repository, tag = "latest", digest }: ImageName): PushedImage | undefined {
    const known = this.#repositories.get(repository);
    return known?.images.get(digest ?? known.tags.get(tag) ?? "");
  }

  /** The files in the working directory of an image, if it was pushed. */
  filesOf(reference: string): ReadonlyMap<string, Buffer> | undefined {
    return this.find(imageNameOf(reference))?.files;
  }

  /** Whether images were pushed there. */
  has(repository: string): boolean {
    return (this.#repositories.get(repository)?.images.size ?? 0) > 0;
  }

  /** Delete one image with its tags. */
  remove({ repository, digest = "" }: ImageName): void {
    const known = this.#repositories.get(repository);
    known?.images.delete(digest);
    for (const [tag, of] of known?.tags ?? []) if (of === digest) known?.tags.delete(tag);
  }

  /** Delete a repository, and those whose names begin with it. */
  removeAll(repository: string): void {
    for (const name of this.#repositories.keys())
      if (name === repository || name.startsWith(`${repository}/`)) this.#repositories.delete(name);
  }

  /**
   * Whether a run that pulls this name finds nothing. A digest must have been pushed. A tag only if anything was pushed to its repository:
   * most tests push nothing, and their images are there.
   */
  lacks(reference: string): boolean {
    const name = imageNameOf(reference);
    return this.find(name) === undefined && (name.digest !== undefined || this.has(name.repository));
  }

  /** Whether a pushed image is built only for other platforms. */
  isForeign(reference: string, platform: string): boolean {
    const found = this.find(imageNameOf(reference));
    return found !== undefined && !found.platforms.includes(platform);
  }
}

/** The registries of a cloud, as a builder of images needs them. */
export interface FakeRegistry {
  images: ImageStore;
  /** Whether a name is in one of them. @param repository with its host */
  serves(repository: string): boolean;
  /**
   * The registry's reason to refuse, in its own words; `undefined` if the login may do it.
   * @param login absent if there is none for this host
   */
  refusal(action: "pull" | "push" | "delete", repository: string, login: RegistryLogin | undefined): Promise<string | undefined>;
}
