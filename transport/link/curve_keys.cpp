// CURVE keys in files.
#include "transport/link/curve_keys.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zmq.h>

namespace avp {

namespace {

constexpr std::size_t key_length = 40;

expected<void> write_new_file(const std::filesystem::path& path, const std::string& line, int mode) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  const auto text = line + "\n";
  const bool written = file >= 0 && write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int reason = errno;
  if (file >= 0)
    close(file);
  if (!written)
    return fail(errc::io_failed,
                fmt::format("Key file {} cannot be written: {}.", path.string(), std::strerror(reason)));
  return {};
}

expected<std::vector<std::string>> read_lines(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file)
    return fail(errc::io_failed, fmt::format("Key file {} cannot be read.", path.string()));
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    if (line.empty())
      continue;
    if (!is_curve_key(line))
      return fail(errc::invalid_argument, fmt::format("Key file {}: line {} is no key; a key has {} characters of Z85.",
                                                      path.string(), lines.size() + 1, key_length));
    lines.push_back(line);
  }
  return lines;
}

} // namespace

expected<key_pair> new_key_pair() {
  std::array<char, key_length + 1> public_key{};
  std::array<char, key_length + 1> secret_key{};
  if (zmq_curve_keypair(public_key.data(), secret_key.data()) != 0)
    return fail(errc::invalid_argument, "CURVE: this ZeroMQ library was built without it.");
  return key_pair{public_key.data(), secret_key.data()};
}

expected<void> write_key_pair(const key_pair& pair, const std::filesystem::path& name) {
  return write_new_file(name.string() + ".key", pair.secret_key, 0600).and_then([&] {
    return write_new_file(name.string() + ".pub", pair.public_key, 0644);
  });
}

expected<key_pair> read_key_pair(const std::filesystem::path& key_file) {
  auto lines = read_lines(key_file);
  if (!lines)
    return tl::unexpected(lines.error());
  std::array<char, key_length + 1> public_key{};
  if (lines->size() != 1 || zmq_curve_public(public_key.data(), lines->front().c_str()) != 0)
    return fail(errc::invalid_argument, fmt::format("Key file {} must hold one secret key.", key_file.string()));
  return key_pair{public_key.data(), lines->front()};
}

expected<std::vector<std::string>> read_public_keys(const std::filesystem::path& file) { return read_lines(file); }

bool is_curve_key(const std::string& text) {
  constexpr std::string_view z85 =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
  return text.size() == key_length && text.find_first_not_of(z85) == std::string::npos;
}

} // namespace avp
