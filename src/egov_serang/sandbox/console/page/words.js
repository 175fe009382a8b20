// What the page says, in English and Indonesian; and the codes of the contract as words.

export const WORDS = {
  en: {
    title: "Sandbox", skip: "Skip to content", language: "Language", places: "On this page",
    invented: "For development and tests only. Every person in it is invented.",
    pause: "Pause", live: "Live", paused: "Paused", lost: "Connection lost, trying again", back: "Connected again.",
    opening: "Open the console", token: "Sandbox token", open: "Open",
    openingWhy: "egov sandbox prints the address of this page with the token in it, and the token itself.",
    wrongToken: "This is not the token of this sandbox.",
    city: "City", clock: "The city's time:", hour: "+ 1 hour", day: "+ 1 day", reset: "Reset …",
    moved: "The city's time is now {now}.", wasReset: "The city is as on its first day.", failedAction: "That did not work.",
    resetSure: "Reset the city?", resetYes: "Reset", cancel: "Cancel", close: "Close",
    resetWhat: "All complaints, applications, messages and requests are forgotten, and the clock is set back. Registered clients stay.",
    requests: "Requests", filter: "Filter", failedOnly: "Failed only",
    requestsCaption: "Requests, newest first", requestsNone: "No request to show.", shownOf: "{n} of {of}",
    news: "{n} new requests, {failed} of them failed.",
    time: "Time", request: "Request", status: "Status", attempt: "Attempt", signature: "Signature", client: "Client",
    duration: "ms", replayed: "kept answer", cut: "connection cut", noRoute: "(no route)", attemptN: "attempt {n}",
    complaints: "Complaints", complaintList: "Newest first", complaintsNone: "No complaint yet.",
    mapNote: "Schematic, coordinates approximate. Arrow keys go from marker to marker, Enter opens one.",
    mapLabel: "Map of {city} with {n} complaints", noMap: "There is no map of this city.",
    newestOf: "the newest {n} of {of}",
    due: "due {at}", fine: "in time, due {at}", soon: "due soon, {at}", late: "late since {at}",
    soonRing: "due within a day", lateRing: "term passed",
    queues: "By state, what is due first on top", thread: "What happened", comment: "comment", withFiles: "files: {n}",
    threadNote: "What was written is not shown here.", threadLost: "What happened could not be read.",
    dueStage: "next step", place: "district", nowhere: "not on the map",
    asked: "submitted", files: "files", kind: "category",
    permits: "Permits", civil: "Civil registration", messages: "Messages", none: "none", more: "and {n} more",
    waitingOn: "waiting for {who}", clockIs: "clock {state}",
    messagesCaption: "Messages, newest first", messagesNone: "No message yet.", template: "Template", channel: "Channel",
    recipient: "Recipient", footer: "egov-serang sandbox. This page asks nothing of any other place.",
  },
  id: {
    title: "Sandbox", skip: "Langsung ke isi", language: "Bahasa", places: "Di halaman ini",
    invented: "Hanya untuk pengembangan dan pengujian. Semua orang di dalamnya rekaan.",
    pause: "Jeda", live: "Langsung", paused: "Dijeda", lost: "Sambungan terputus, mencoba lagi", back: "Tersambung lagi.",
    opening: "Buka konsol", token: "Token sandbox", open: "Buka",
    openingWhy: "egov sandbox mencetak alamat halaman ini beserta tokennya, dan token itu sendiri.",
    wrongToken: "Ini bukan token sandbox ini.",
    city: "Kota", clock: "Waktu kota:", hour: "+ 1 jam", day: "+ 1 hari", reset: "Atur ulang …",
    moved: "Waktu kota sekarang {now}.", wasReset: "Kota kembali seperti hari pertama.", failedAction: "Tidak berhasil.",
    resetSure: "Atur ulang kota?", resetYes: "Atur ulang", cancel: "Batal", close: "Tutup",
    resetWhat: "Semua aduan, permohonan, pesan, dan permintaan dilupakan, dan jam dikembalikan. Klien terdaftar tetap ada.",
    requests: "Permintaan", filter: "Saring", failedOnly: "Hanya yang gagal",
    requestsCaption: "Permintaan, terbaru di atas", requestsNone: "Tidak ada permintaan untuk ditampilkan.", shownOf: "{n} dari {of}",
    news: "{n} permintaan baru, {failed} di antaranya gagal.",
    time: "Waktu", request: "Permintaan", status: "Status", attempt: "Percobaan", signature: "Tanda tangan", client: "Klien",
    duration: "md", replayed: "jawaban tersimpan", cut: "sambungan diputus", noRoute: "(tanpa rute)", attemptN: "percobaan {n}",
    complaints: "Aduan", complaintList: "Terbaru di atas", complaintsNone: "Belum ada aduan.",
    mapNote: "Skematis, koordinat perkiraan. Tombol panah berpindah antarpenanda, Enter membukanya.",
    mapLabel: "Peta {city} dengan {n} aduan", noMap: "Belum ada peta kota ini.",
    newestOf: "{n} terbaru dari {of}",
    due: "tenggat {at}", fine: "tepat waktu, tenggat {at}", soon: "segera jatuh tempo, {at}", late: "terlambat sejak {at}",
    soonRing: "tenggat dalam sehari", lateRing: "lewat tenggat",
    queues: "Menurut status, tenggat terdekat di atas", thread: "Riwayat", comment: "komentar", withFiles: "berkas: {n}",
    threadNote: "Isi tulisan tidak ditampilkan di sini.", threadLost: "Riwayat tidak dapat dibaca.",
    dueStage: "langkah berikut", place: "kecamatan", nowhere: "tidak di peta",
    asked: "diajukan", files: "berkas", kind: "kategori",
    permits: "Perizinan", civil: "Administrasi kependudukan", messages: "Pesan", none: "tidak ada", more: "dan {n} lagi",
    waitingOn: "menunggu {who}", clockIs: "jam {state}",
    messagesCaption: "Pesan, terbaru di atas", messagesNone: "Belum ada pesan.", template: "Templat", channel: "Saluran",
    recipient: "Penerima", footer: "Sandbox egov-serang. Halaman ini tidak meminta apa pun dari tempat lain.",
  },
};

// Indonesian for the contract's codes. English ones are English already.
const CODES = {
  submitted: "diajukan", needs_information: "perlu keterangan", verified: "terverifikasi", assigned: "ditugaskan",
  in_progress: "dikerjakan", on_hold: "ditunda", resolved: "selesai", closed: "ditutup", rejected: "ditolak",
  duplicate: "ganda", transferred: "dialihkan", withdrawn: "ditarik",
  verify: "verifikasi", respond: "tanggapan", resolve: "penyelesaian",
  preparation: "persiapan", submission: "pengajuan", validation: "pemeriksaan berkas", assessment: "penilaian",
  payment: "pembayaran", inspection: "peninjauan", decision: "keputusan", issued: "terbit", post_issue: "pascaterbit",
  draft: "draf", undetermined: "belum diputus", returned: "dikembalikan", determined: "diputus", lapsed: "gugur",
  granted: "dikabulkan", granted_with_conditions: "dikabulkan bersyarat", refused: "ditolak", deemed_granted: "dianggap dikabulkan",
  in_review: "diperiksa", approved: "disetujui", collected: "diserahkan",
  applicant: "pemohon", authority: "instansi", third_party: "pihak lain", review: "diperiksa", ended: "berakhir",
  running: "berjalan", paused: "dijeda", stopped: "berhenti",
  accepted: "diterima", queued: "antre", scheduled: "terjadwal", sent: "terkirim", delivered: "sampai",
  failed_temporary: "gagal sementara", failed_permanent: "gagal tetap", failed_technical: "gagal teknis",
  expired: "kedaluwarsa", cancelled: "dibatalkan", suppressed: "ditahan",
  address_unknown: "alamat tidak dikenal", unreachable: "tidak terjangkau", ttl_passed: "lewat waktu",
  phone: "telepon", device: "perangkat", subject_ref: "rujukan subjek",
  citizen: "warga", officer: "petugas", system: "sistem", confidential: "rahasia", internal: "internal",
  valid: "sah", none: "tidak ada", new: "baru", work: "dikerjakan", done: "selesai",
};
// What is done, apart from the codes: some actions have the code of a state or of a stage.
const ACTIONS = {
  verify: "verifikasi", request_info: "minta keterangan", reject: "tolak", mark_duplicate: "tandai ganda",
  withdraw: "tarik", supply_info: "beri keterangan", expire: "lewat batas waktu", assign: "disposisi",
  transfer: "teruskan", start: "mulai", reassign: "kembalikan", resolve: "selesaikan", hold: "tunda", resume:
  "lanjutkan", rate: "nilai", reopen: "buka kembali", auto_close: "tutup otomatis",
};
// Where a word must say more than the code does.
const MEANT = {
  en: { new: "new", work: "in work", done: "done", ended: "ended", applicant: "the applicant", authority: "the authority",
    third_party: "a third party", payment: "payment", subject_ref: "subject", sms: "SMS" },
  id: { sms: "SMS" },
};
const COLUMNS = {
  en: { applicant: "With the applicant", review: "In review", payment: "Payment", decision: "Decision", approved: "Approved",
    issued: "Issued", ended: "Ended" },
  id: { applicant: "Di pemohon", review: "Diperiksa", payment: "Pembayaran", decision: "Keputusan", approved: "Disetujui",
    issued: "Terbit", ended: "Berakhir" },
};

let language = document.documentElement.lang === "id" ? "id" : "en";

export const spoken = () => language;

export function speak(wanted) {
  language = wanted in WORDS ? wanted : language;
  document.documentElement.lang = language;
}

export const say = (word, values = {}) =>
  WORDS[language][word].replace(/\{(\w+)\}/g, (_, name) => String(values[name]));

export function code(value) {
  if (value === null || value === undefined) return "";
  const known = MEANT[language][value] ?? (language === "id" ? CODES[value] : undefined);
  return known ?? String(value).replaceAll("_", " ");
}

export const action = (value) => (language === "id" ? ACTIONS[value] : undefined) ?? String(value).replaceAll("_", " ");

export const queue = (value) => (value === "ended" ? COLUMNS[language].ended : code(value));

export const column = (value) => COLUMNS[language][value] ?? code(value);

const ZONE = "Asia/Jakarta";
const locale = () => (language === "id" ? "id-ID" : "en-GB");

export const day = (iso) =>
  new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "short", timeZone: ZONE }).format(new Date(iso));

export const clockTime = (iso) =>
  new Intl.DateTimeFormat("en-GB", { timeStyle: "medium", timeZone: ZONE }).format(new Date(iso));

export const number = (value) => new Intl.NumberFormat(locale()).format(value);
