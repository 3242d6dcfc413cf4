// Drives a server with @bytescale/sdk, unmodified, and prints what it answered as one JSON document.
// Environment: BASE (the server), KEY, OTHER_KEY (of another account), CLIP (a film), TEXT (a file that is none).
const { readFileSync, createReadStream, statSync } = require("node:fs");
const sdk = require("@bytescale/sdk");

const { BASE, KEY, OTHER_KEY, CLIP, TEXT } = process.env;
const accountId = KEY.split("_")[1].slice(0, 7);
const config = { apiKey: KEY, apiUrl: BASE, cdnUrl: BASE };
const jobs = new sdk.JobApi(config);
const files = new sdk.FileApi(config);
const folders = new sdk.FolderApi(config);
const caches = new sdk.CacheApi(config);
const uploads = new sdk.UploadManager(config);
const uploadApi = new sdk.UploadApi(config);
const out = { accountId };

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const FINAL = ["Succeeded", "Failed", "Cancelled"];

async function ended(job) {
  const seen = [job.status];
  for (;;) {
    const now = await jobs.getJob({ accountId, jobId: job.jobId, jobType: job.jobType });
    if (now.status !== seen.at(-1)) seen.push(now.status);
    if (FINAL.includes(now.status)) return { job: now, seen };
    await sleep(100);
  }
}

// What a call throws, as the SDK tells it.
async function thrown(call) {
  try {
    await call;
  } catch (error) {
    const { name, errorCode, details, message } = error;
    return { name, errorCode, details, message, status: error.response?.status, body: error.responseJson };
  }
  return null;
}

const text = async (result) => result.text();

async function main() {
  // -- uploads --
  out.uploaded = await uploads.upload({
    data: readFileSync(CLIP),
    mime: "video/mp4",
    originalFileName: "clip.mp4",
    path: { folderPath: "/films", fileName: "clip!{ORIGINAL_FILE_EXT}" },
    metadata: { shot: 1 },
    tags: ["holiday"],
  });
  const filePath = out.uploaded.filePath;
  out.details = await files.getFileDetails({ accountId, filePath });
  const many = Buffer.alloc(8 * 1024 * 1024 + 1, 7);
  out.parts = await uploads.upload({ data: many, path: "/many.bin" });
  out.stream = await uploads.upload({ data: createReadStream(TEXT), size: statSync(TEXT).size, path: "/text.mp4" });
  out.empty = await uploads.upload({ data: Buffer.alloc(0), path: "/empty.bin" });
  out.named = await uploads.upload({ data: "hello", originalFileName: "hello.txt" });
  const raw = await files.downloadFile({ accountId, filePath });
  out.rawBytes = Buffer.from(await (await raw.blob()).arrayBuffer()).equals(readFileSync(CLIP));
  const part = await uploadApi.beginMultipartUpload({
    accountId,
    beginMultipartUploadRequest: { size: 3, path: "/never.bin", protocol: "1.1" },
  });
  out.remaining = await uploadApi.listUploadParts({ accountId, uploadId: part.uploadId });

  // -- processing and saving --
  const params = [{ f: "hls-h264" }, { h: 90 }, { h: 180 }];
  const artifact = "/video.m3u8";
  out.first = await thrown(
    files.processFile({ accountId, filePath, transformation: "video", transformationParams: params, artifact })
  );
  out.again = JSON.parse(
    await text(await files.processFile({ accountId, filePath, transformation: "video", transformationParams: params }))
  );
  out.ended = await ended(out.again);

  const url = sdk.UrlBuilder.url({
    accountId,
    filePath,
    options: { cdnUrl: BASE, transformation: "video", transformationParams: params, artifact },
  });
  out.url = url;
  out.playlist = await text(
    await files.processFile({ accountId, filePath, transformation: "video", transformationParams: params, artifact })
  );
  const fetched = async (address) => {
    const response = await fetch(address, { headers: { authorization: `Bearer ${KEY}` } });
    return { status: response.status, mime: response.headers.get("content-type"), text: await response.text(), url: address };
  };
  const bang = url.replace("?", "!");
  out.bang = await fetched(bang);
  const child = out.bang.text.split("\n").find((line) => line && !line.startsWith("#"));
  out.child = await fetched(new URL(child, bang).href);

  // -- the image API, synchronous --
  const still = await files.processFile({
    accountId,
    filePath,
    transformation: "image",
    transformationParams: { input: "video", f: "webp", t: 0.5, w: 64 },
  });
  out.still = Buffer.from(await (await still.blob()).arrayBuffer()).toString("base64");
  const late = await files.processFile({
    accountId,
    filePath,
    transformation: "image",
    transformationParams: { input: "video", t: 3600 },
  });
  out.late = Buffer.from(await (await late.blob()).arrayBuffer()).toString("base64");
  out.stillSaved = await files.processFileAndSave({
    accountId,
    filePath,
    transformation: "image",
    transformationParams: { input: "video", f: "jpeg" },
    processFileAndSaveRequest: { destination: "/made/still.jpg" },
  });

  // -- a job that fails, and one that is cancelled --
  const failing = { accountId, filePath: "/text.mp4", transformation: "video", transformationParams: { f: "hls-h264" } };
  const failed = JSON.parse(await text(await files.processFile(failing)));
  out.failed = await ended(failed);
  out.failedArtifact = await thrown(files.processFile({ ...failing, artifact }));
  out.save = await files.processFileAndSave({
    accountId,
    filePath,
    transformation: "video",
    transformationParams: { f: "mp4-h264" },
    processFileAndSaveRequest: {
      destination: "/made/film.mp4",
      extendedParams: [{ h: 90, q: 40 }],
      metadata: { merge: true, value: { cut: 2 } },
    },
  });
  await jobs.cancelJob({ accountId, jobId: out.save.jobId, jobType: out.save.jobType });
  out.cancelled = await ended(out.save);
  await jobs.cancelJob({ accountId, jobId: out.again.jobId, jobType: out.again.jobType });
  out.uncancelled = await jobs.getJob({ accountId, jobId: out.again.jobId, jobType: out.again.jobType });

  // -- files and batches --
  out.copied = await files.copyFile({ accountId, copyFileRequest: { source: filePath, destination: "/copies/a.mp4" } });
  const batch = await files.copyFileBatch({
    accountId,
    copyFileBatchRequest: { files: [{ source: filePath, destination: "/copies/b.mp4", tags: { value: ["b"] } }] },
  });
  out.batch = batch;
  out.batchEnded = await ended({ ...batch, status: "Pending" });
  out.batchCopy = await files.getFileDetails({ accountId, filePath: "/copies/b.mp4" });
  const rolled = await files.copyFileBatch({
    accountId,
    copyFileBatchRequest: {
      files: [
        { source: filePath, destination: "/rolled/a.mp4" },
        { source: "/nowhere.mp4", destination: "/rolled/b.mp4" },
      ],
    },
  });
  out.rolled = (await ended({ ...rolled, status: "Pending" })).job;
  out.rolledFile = await thrown(files.getFileDetails({ accountId, filePath: "/rolled/a.mp4" }));
  const folder = await folders.copyFolder({ accountId, copyFolderRequest: { source: "/copies", destination: "/c2" } });
  out.folder = (await ended({ ...folder, status: "Pending" })).job;
  out.folderCopy = (await files.getFileDetails({ accountId, filePath: "/c2/b.mp4" })).size;
  out.put = await folders.putFolder({
    accountId,
    putFolderRequest: { folderPath: "/c2/empty", folderSettings: { description: { set: true, value: "none yet" } } },
  });
  out.folderDetails = await folders.getFolderDetails({ accountId, folderPath: "/c2" });
  out.folderPages = [];
  for (let cursor = undefined, done = false; !done; ) {
    const page = await folders.listFolder({ accountId, folderPath: "/c2", limit: 2, recursive: true, cursor });
    out.folderPages.push(page);
    ({ cursor, isPaginationComplete: done } = page);
  }
  out.folderPreview = await folders.listFolder({ accountId, folderPath: "/c2", dryRun: true, includeFiles: false });
  const folderBatch = await folders.copyFolderBatch({
    accountId,
    copyFolderBatchRequest: { folders: [{ source: "/c2", destination: "/c3", copyFiles: false }] },
  });
  out.folderBatch = (await ended({ ...folderBatch, status: "Pending" })).job;
  out.copiedFolder = await folders.getFolderDetails({ accountId, folderPath: "/c3/empty" });
  const goneFolders = await folders.deleteFolderBatch({
    accountId,
    deleteFolderBatchRequest: { folders: [{ folderPath: "/c3" }, { folderPath: "/nowhere" }] },
  });
  out.goneFolders = (await ended({ ...goneFolders, status: "Pending" })).job;
  out.afterFolders = await folders.listFolder({ accountId, folderPath: "/c3" });
  const gone = await files.deleteFileBatch({ accountId, deleteFileBatchRequest: { files: ["/copies/a.mp4", "/copies/b.mp4"] } });
  out.gone = (await ended({ ...gone, status: "Pending" })).job;
  out.goneFile = await thrown(files.getFileDetails({ accountId, filePath: "/copies/b.mp4" }));
  const goneFolder = await folders.deleteFolder({ accountId, deleteFolderRequest: { folderPath: "/c2" } });
  out.goneFolder = (await ended({ ...goneFolder, status: "Pending" })).job;
  await files.deleteFile({ accountId, filePath: "/empty.bin" });
  out.deleted = await thrown(files.getFileDetails({ accountId, filePath: "/empty.bin" }));
  const reset = await caches.resetCache({
    accountId,
    resetCacheRequest: { pattern: "/text.*", resetEdgeCache: true, resetPermanentCache: true },
  });
  out.reset = (await ended({ ...reset, status: "Pending" })).job;
  out.afterReset = await thrown(
    files.processFile({ ...failing, cacheOnly: true })
  );

  // -- lists: as this SDK writes them --
  const types = ["ProcessVideoJob", "CopyFileBatchJob", "DeleteFileBatchJob"];
  out.recent = await jobs.listRecentJobs({ accountId, jobType: types });
  out.batches = await jobs.listRecentJobs({ accountId, jobType: ["DeleteFileBatchJob"] });

  // -- refusals --
  const job = { accountId, jobId: out.again.jobId, jobType: out.again.jobType };
  const at = (changes) => ({ accountId, filePath, transformation: "video", transformationParams: {}, ...changes });
  const as = (apiKey) => new sdk.JobApi({ ...config, apiKey });
  const other = new sdk.FileApi({ ...config, apiKey: OTHER_KEY });
  const refusals = {
    unknownKey: () => as(`secret_${accountId}${"x".repeat(40)}`).getJob(job),
    otherAccount: () => as(OTHER_KEY).getJob(job),
    otherJob: () => as(OTHER_KEY).getJob({ ...job, accountId: OTHER_KEY.slice(7, 14) }),
    otherFile: () => other.downloadFile({ accountId: OTHER_KEY.slice(7, 14), filePath }),
    wrongType: () => jobs.getJob({ ...job, jobType: "DeleteFileBatchJob" }),
    unknownJob: () => jobs.getJob({ ...job, jobId: "01ARZ3NDEKTSV4RRFFQ69G5FAV" }),
    noUlid: () => jobs.getJob({ ...job, jobId: "nothing" }),
    cancelUnknown: () => jobs.cancelJob({ ...job, jobId: "01ARZ3NDEKTSV4RRFFQ69G5FAV" }),
    unknownType: () => jobs.listRecentJobs({ accountId, jobType: ["ExampleJob"] }),
    noType: () => jobs.listRecentJobs({ accountId, jobType: [] }),
    noFile: () => files.getFileDetails({ accountId, filePath: "/nowhere.mp4" }),
    badPath: () => files.getFileDetails({ accountId, filePath: "/a/../b" }),
    deleteNothing: () => files.deleteFile({ accountId, filePath: "/nowhere.mp4" }),
    badFolder: () => folders.listFolder({ accountId, folderPath: "nowhere" }),
    unnamedFolder: () => folders.putFolder({ accountId, putFolderRequest: { folderPath: "/a/", allowUnnamedFolder: true } }),
    otherFolder: () => new sdk.FolderApi({ ...config, apiKey: OTHER_KEY }).listFolder({ accountId, folderPath: "/" }),
    bucket: () => folders.putFolder({
      accountId,
      putFolderRequest: { folderPath: "/a", folderSettings: { storageLayer: { set: true, value: { type: "R2" } } } },
    }),
    copyNothing: () => files.copyFile({ accountId, copyFileRequest: { source: "/nowhere", destination: "/a" } }),
    badFormat: () => files.processFile(at({ transformationParams: { f: "webm" } })),
    badParameter: () => files.processFile(at({ transformationParams: { f: "hls-h264", h: "tall" } })),
    unknownParameter: () => files.processFile(at({ transformationParams: { f: "hls-h264", zoom: 2 } })),
    noArtifact: () => files.processFile(at({ transformationParams: params, artifact: "/nothing.ts" })),
    unknownTransformation: () => files.processFile(at({ transformation: "nothing" })),
    audio: () => files.processFile(at({ transformation: "audio" })),
    badBody: () => uploadApi.beginMultipartUpload({ accountId, beginMultipartUploadRequest: { size: -1 } }),
    tooLarge: () => uploadApi.beginMultipartUpload({ accountId, beginMultipartUploadRequest: { size: 10 ** 14 } }),
    noUpload: () => uploadApi.listUploadParts({ accountId, uploadId: "nothing" }),
    noPart: () => uploadApi.getUploadPart({ accountId, uploadId: part.uploadId, uploadPartIndex: 9 }),
    partMissing: () => uploadApi.completeUploadPart({
      accountId,
      uploadId: part.uploadId,
      uploadPartIndex: 0,
      completeUploadPartRequest: { etag: "x" },
    }),
    privateUrl: () => uploadApi.uploadFromUrl({ accountId, uploadFromUrlRequest: { url: "http://127.0.0.1:1/a.mp4" } }),
    noRoute: () => fetch(`${BASE}/v2/accounts/${accountId}/nothing`, { headers: { authorization: `Bearer ${KEY}` } }).then(
      async (response) => {
        throw { name: "fetch", status: response.status, errorCode: (await response.json()).error.code, response };
      }
    ),
  };
  out.refusals = {};
  for (const [name, call] of Object.entries(refusals)) {
    const error = await thrown(call());
    out.refusals[name] = error && [error.name, error.errorCode];
  }
}

main().then(
  () => console.log(JSON.stringify(out)),
  (error) => {
    console.error(error, JSON.stringify(error.responseJson ?? error.details ?? null), Object.keys(out).at(-1));
    process.exit(1);
  }
);
