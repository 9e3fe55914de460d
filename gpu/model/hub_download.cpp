// Downloading a file by HTTP with libcurl.
#include "gpu/model/hub_download.hpp"

#include <array>
#include <cstdlib>
#include <exception>
#include <memory>

#include <curl/curl.h>

namespace avp {

namespace {

// An unreachable hub must cost seconds only, since another source follows.
constexpr long connect_timeout_ms = 5000;
constexpr long stall_seconds = 30;
constexpr long most_redirects = 10;

struct curl_cleanup {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using curl_handle = std::unique_ptr<CURL, curl_cleanup>;

/// What the write callback needs; exceptions must not cross libcurl, so they wait here.
struct transfer {
  std::uint64_t bytes;
  part_file& part;
  const fetch_observer& observer;
  std::exception_ptr failure;
};

std::size_t receive(char* data, std::size_t, std::size_t size, void* user) {
  auto& to = *static_cast<transfer*>(user);
  try {
    if (size > to.bytes - to.part.size()) {
      to.part.clear(); // This is another file.
      throw source_error("it sends more than the expected " + std::to_string(to.bytes) + " bytes");
    }
    to.part.append(std::as_bytes(std::span(data, size)));
    to.observer.progress(to.part.size(), to.bytes);
    return size;
  } catch (...) {
    to.failure = std::current_exception();
    return CURL_WRITEFUNC_ERROR;
  }
}

template <class Value>
void set(CURL* handle, CURLoption option, Value value) {
  if (curl_easy_setopt(handle, option, value) != CURLE_OK)
    throw source_error("libcurl refuses option " + std::to_string(static_cast<int>(option)));
}

/// One request; returns libcurl's result, with a text for a person in `reason`.
CURLcode request(const std::string& url, transfer& to, std::string& reason) {
  static const auto global = curl_global_init(CURL_GLOBAL_DEFAULT);
  const curl_handle handle(global == CURLE_OK ? curl_easy_init() : nullptr);
  if (!handle)
    throw source_error("libcurl can't be started");
  std::array<char, CURL_ERROR_SIZE> message{};
  set(handle.get(), CURLOPT_ERRORBUFFER, message.data());
  set(handle.get(), CURLOPT_URL, url.c_str());
  set(handle.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  set(handle.get(), CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  set(handle.get(), CURLOPT_FOLLOWLOCATION, 1L);
  set(handle.get(), CURLOPT_MAXREDIRS, most_redirects);
  set(handle.get(), CURLOPT_FAILONERROR, 1L);
  set(handle.get(), CURLOPT_NOSIGNAL, 1L);
  set(handle.get(), CURLOPT_USERAGENT, "avp-model");
  set(handle.get(), CURLOPT_CONNECTTIMEOUT_MS, connect_timeout_ms);
  set(handle.get(), CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(handle.get(), CURLOPT_LOW_SPEED_TIME, stall_seconds);
  set(handle.get(), CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(to.part.size()));
  set(handle.get(), CURLOPT_WRITEFUNCTION, &receive);
  set(handle.get(), CURLOPT_WRITEDATA, static_cast<void*>(&to));
  const auto result = curl_easy_perform(handle.get());
  reason = message[0] != '\0' ? message.data() : curl_easy_strerror(result);
  return result;
}

// Errors after which asking again for the rest makes sense.
bool is_cut(CURLcode result) {
  return result == CURLE_PARTIAL_FILE || result == CURLE_RECV_ERROR || result == CURLE_GOT_NOTHING ||
         result == CURLE_OPERATION_TIMEDOUT || result == CURLE_HTTP2_STREAM;
}

} // namespace

std::string hub_url(const hub_source& source) {
  const char* hub = std::getenv("AVP_HUB");
  std::string url = hub != nullptr && *hub != '\0' ? hub : "https://huggingface.co";
  while (url.ends_with('/'))
    url.pop_back();
  return url + "/" + source.repository + "/resolve/" + source.revision + "/" + source.file;
}

void download_from_hub(const std::string& url, std::uint64_t bytes, part_file& part, const fetch_observer& observer) {
  transfer to{bytes, part, observer, nullptr};
  while (part.size() < bytes) {
    const auto before = part.size();
    std::string reason;
    const auto result = request(url, to, reason);
    if (to.failure)
      std::rethrow_exception(to.failure);
    if (result == CURLE_RANGE_ERROR && before > 0) {
      part.clear(); // A server that can't continue: from the start.
      continue;
    }
    if (result == CURLE_OK && part.size() == bytes)
      return;
    if (result == CURLE_OK) {
      const auto size = std::to_string(part.size());
      part.clear(); // A complete answer of another length is another file.
      throw source_error("it has " + size + " bytes where " + std::to_string(bytes) + " were expected");
    }
    if (!is_cut(result) || part.size() == before)
      throw source_error(reason);
    observer.note("the connection was cut at byte " + std::to_string(part.size()) + " (" + reason + "); going on");
  }
}

} // namespace avp
