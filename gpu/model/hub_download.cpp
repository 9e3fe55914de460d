// Downloading by HTTP with libcurl.
#include "gpu/model/hub_download.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include <curl/curl.h>

#include "gpu/model/environment.hpp"
#include "transport/ascii.hpp"

namespace avp {

namespace {

// An unreachable hub must cost seconds only, since another source follows.
constexpr long connect_timeout_ms = 5000;
constexpr long stall_seconds = 30;
constexpr long most_redirects = 10;
constexpr std::size_t longest_page = 64 << 20;

struct curl_cleanup {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using curl_handle = std::unique_ptr<CURL, curl_cleanup>;
using curl_headers = std::unique_ptr<curl_slist, curl_cleanup>;

/// What the callbacks need; exceptions must not cross libcurl, so they wait here.
struct transfer {
  std::function<void(std::span<const std::byte>)> take;
  std::exception_ptr failure = {};
  std::string link = {};   ///< Header Link of the last answer.
  std::string reason = {}; ///< What the hub itself says is wrong (header X-Error-Message).
};

std::size_t receive(char* data, std::size_t, std::size_t size, void* user) {
  auto& to = *static_cast<transfer*>(user);
  try {
    to.take(std::as_bytes(std::span(data, size)));
    return size;
  } catch (...) {
    to.failure = std::current_exception();
    return CURL_WRITEFUNC_ERROR;
  }
}

std::size_t read_header(char* data, std::size_t, std::size_t size, void* user) {
  auto& to = *static_cast<transfer*>(user);
  const std::string_view line(data, size);
  if (line.starts_with("HTTP/")) { // of the next answer, behind a redirect
    to.link.clear();
    to.reason.clear();
  }
  const auto colon = std::min(line.find(':'), line.size());
  const auto name = lowered(line.substr(0, colon));
  auto value = line.substr(std::min(colon + 1, line.size()));
  while (!value.empty() && static_cast<unsigned char>(value.back()) <= ' ')
    value.remove_suffix(1);
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  if (name == "link")
    to.link = value;
  else if (name == "x-error-message")
    to.reason = value;
  return size;
}

template <class Value>
void set(CURL* handle, CURLoption option, Value value) {
  if (curl_easy_setopt(handle, option, value) != CURLE_OK)
    throw source_error("libcurl refuses option " + std::to_string(static_cast<int>(option)));
}

// libcurl keeps this header from hosts that the hub redirects to.
curl_headers authorization(const std::string& url) {
  auto token = environment_text("HF_TOKEN");
  std::erase_if(token, [](char c) { return c == '\n' || c == '\r'; }); // as files end
  if (token.empty() || !url.starts_with(hub_address() + "/"))
    return nullptr;
  if (std::ranges::any_of(token, [](char c) { return c <= ' ' || c > '~'; }))
    throw source_error("HF_TOKEN has a character that no token has");
  return curl_headers(curl_slist_append(nullptr, ("Authorization: Bearer " + token).c_str()));
}

// What a person can do about an answer of the hub.
std::string advice(long status) {
  const bool has_token = !environment_text("HF_TOKEN").empty();
  switch (status) {
  case 401:
    return has_token
               ? "it does not take the token in HF_TOKEN, or there is nothing of that name"
               : "there is nothing of that name, or it is private or gated and wants a token: set HF_TOKEN to one";
  case 403:
    return has_token ? "the token in HF_TOKEN may not read this; accept the model's terms on its page with the account "
                       "that the token is of"
                     : "it is gated; accept the model's terms on its page and set HF_TOKEN to a token of that account";
  case 404:
    return "there is no such repository, revision or file";
  case 429:
    return "there were too many requests; wait some minutes";
  default:
    return "";
  }
}

/// One request from byte `from` on; returns libcurl's result, with a text for a person in `reason`.
CURLcode request(const std::string& url, std::uint64_t from, transfer& to, std::string& reason) {
  static const auto global = curl_global_init(CURL_GLOBAL_DEFAULT);
  const curl_handle handle(global == CURLE_OK ? curl_easy_init() : nullptr);
  if (!handle)
    throw source_error("libcurl can't be started");
  std::array<char, CURL_ERROR_SIZE> message{};
  const auto headers = authorization(url);
  set(handle.get(), CURLOPT_ERRORBUFFER, message.data());
  set(handle.get(), CURLOPT_URL, url.c_str());
  set(handle.get(), CURLOPT_HTTPHEADER, headers.get());
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
  set(handle.get(), CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(from));
  set(handle.get(), CURLOPT_WRITEFUNCTION, &receive);
  set(handle.get(), CURLOPT_WRITEDATA, static_cast<void*>(&to));
  set(handle.get(), CURLOPT_HEADERFUNCTION, &read_header);
  set(handle.get(), CURLOPT_HEADERDATA, static_cast<void*>(&to));
  const auto result = curl_easy_perform(handle.get());
  reason = message[0] != '\0' ? message.data() : curl_easy_strerror(result);
  long status = 0;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
  if (result == CURLE_HTTP_RETURNED_ERROR) {
    if (const auto help = advice(status); !help.empty())
      reason = "the answer is " + std::to_string(status) + ": " + help;
    if (!to.reason.empty())
      reason += " (it says: " + to.reason.substr(0, 300) + ")";
  }
  return result;
}

// Errors after which asking again for the rest makes sense.
bool is_cut(CURLcode result) {
  return result == CURLE_PARTIAL_FILE || result == CURLE_RECV_ERROR || result == CURLE_GOT_NOTHING ||
         result == CURLE_OPERATION_TIMEDOUT || result == CURLE_HTTP2_STREAM;
}

// <https://…?cursor=x>; rel="next" (RFC 8288)
std::string next_of(std::string_view link) {
  const auto rel = link.find("rel=\"next\"");
  const auto begin = link.rfind('<', std::min(rel, link.size()));
  const auto end = link.find('>', std::min(begin, link.size()));
  if (rel == std::string_view::npos || begin == std::string_view::npos || end == std::string_view::npos || end > rel)
    return "";
  return std::string(link.substr(begin + 1, end - begin - 1));
}

} // namespace

std::string hub_address() {
  auto address = environment_text("AVP_HUB");
  if (address.empty())
    address = environment_text("HF_ENDPOINT");
  if (address.empty())
    address = "https://huggingface.co";
  while (address.ends_with('/'))
    address.pop_back();
  return address;
}

std::string percent_encoded(const std::string& text) {
  std::string encoded;
  for (const char c : text) {
    if (is_letter(c) || is_digit(c) || std::string_view("-._~").find(c) != std::string_view::npos) {
      encoded += c;
      continue;
    }
    std::array<char, 4> byte{};
    std::snprintf(byte.data(), byte.size(), "%%%02X", static_cast<unsigned char>(c));
    encoded += byte.data();
  }
  return encoded;
}

std::string hub_url(const hub_source& source) {
  std::string file;
  for (std::size_t begin = 0; begin <= source.file.size();) {
    const auto end = std::min(source.file.find('/', begin), source.file.size());
    file += "/" + percent_encoded(source.file.substr(begin, end - begin));
    begin = end + 1;
  }
  return hub_address() + "/" + source.repository + "/resolve/" + percent_encoded(source.revision) + file;
}

hub_page read_from_hub(const std::string& url) {
  hub_page page;
  transfer to{[&](std::span<const std::byte> bytes) {
    if (bytes.size() > longest_page - page.text.size())
      throw source_error("its answer is longer than any such text");
    page.text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }};
  std::string reason;
  const auto result = request(url, 0, to, reason);
  if (to.failure)
    std::rethrow_exception(to.failure);
  if (result != CURLE_OK)
    throw source_error(reason);
  page.next = next_of(to.link);
  return page;
}

void download_from_hub(const std::string& url, std::uint64_t bytes, part_file& part, const fetch_observer& observer) {
  transfer to{[&](std::span<const std::byte> data) {
    if (data.size() > bytes - part.size()) {
      part.clear(); // This is another file.
      throw source_error("it sends more than the expected " + std::to_string(bytes) + " bytes");
    }
    part.append(data);
    observer.progress(part.size(), bytes);
  }};
  while (part.size() < bytes) {
    const auto before = part.size();
    std::string reason;
    const auto result = request(url, before, to, reason);
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
