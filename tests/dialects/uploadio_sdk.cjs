// Drives a server with upload-js-full, unmodified, and prints what it answered as one JSON document.
// Environment: BASE (the server with /uploadio), KEY, JOB (a ULID of a ProcessVideoJob), FILE (a path of the account).
const fetchApi = require("node-fetch");
const sdk = require("upload-js-full");

const { BASE, KEY, JOB, FILE } = process.env;
const accountId = KEY.split("_")[1].slice(0, 7);
const config = new sdk.Configuration({ fetchApi, apiKey: KEY, basePath: BASE });
const jobs = new sdk.JobApi(config);
const files = new sdk.FileApi(config);
const folders = new sdk.FolderApi(config);
const uploads = new sdk.UploadManager(config);
const out = {};
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

async function main() {
  out.uploaded = await uploads.upload({ accountId, data: Buffer.from("old"), path: "/old/a.txt", mime: "text/plain" });
  out.details = await files.getFileDetails({ accountId, filePath: "/old/a.txt" });
  out.put = await folders.putFolder({ accountId, putFolderRequest: { folderPath: "/old/put" } });
  out.listed = await folders.listFolder({ accountId, folderPath: "/old" });
  out.asked = await files.deleteFileBatch({ accountId, deleteFileBatchRequest: { files: ["/old/a.txt"] } });
  const { jobId, jobType } = out.asked;
  do {
    await sleep(50);
    out.job = await jobs.getJob({ accountId, jobId, jobType });
  } while (!["Succeeded", "Failed"].includes(out.job.status));
  out.recent = await jobs.listRecentJobs({ accountId, jobType: ["DeleteFileBatchJob", "CopyFileBatchJob"] });
  await jobs.cancelJob({ accountId, jobId, jobType });
  out.video = await jobs.getJob({ accountId, jobId: JOB, jobType: "ProcessVideoJob" });
  try {
    await jobs.getJob({ accountId, jobId: "01ARZ3NDEKTSV4RRFFQ69G5FAV", jobType });
  } catch (error) {
    out.missing = { name: error.name, errorCode: error.errorCode, message: error.message };
  }
}

main().then(
  () => console.log(JSON.stringify(out)),
  (error) => {
    console.error(error, Object.keys(out).at(-1));
    process.exit(1);
  }
);
