// trace.json: what the devices of a run did and when, written while it happens.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "runtime/telemetry/trace_events.hpp"

namespace avp {

/// Collects steps and requests from the threads of devices, which never wait for the disk, and writes them on a thread
/// of its own. Before write_to() they are kept. The file is a whole JSON array after every write, so that a process
/// that ends at once leaves one too. A full disk ends the writing with a warning; the file goes, so that what room it
/// took is there for the results.
class trace_file {
public:
  trace_file() = default;
  trace_file(const trace_file&) = delete;
  trace_file& operator=(const trace_file&) = delete;
  ~trace_file() { close(); }

  /// Adds a device and gives its number, from 1.
  int add_device(const std::string& name);

  /// Says what the task of this place is called.
  void name_task(std::uint64_t place, const std::string& name);

  void add(int device, const step_record& step, const device_counters& counters);
  void add(int device, traced_step step);
  void add(const request_record& request);

  /// Makes the file, in place of one that is there, and begins to write. To be called once.
  void write_to(const std::filesystem::path& file);

  /// Writes what is left and ends. What comes after is dropped.
  void close();

private:
  void push(trace_entry entry);
  void write_all();
  void write(std::string_view events);
  void give_up(const std::string& why);

  std::mutex mutex_;
  std::condition_variable closing_;
  std::vector<trace_entry> waiting_;
  std::size_t dropped_ = 0;
  int devices_ = 0;
  bool closed_ = false;

  // The writing thread's own.
  std::filesystem::path file_;
  trace_events events_{std::chrono::steady_clock::now()};
  int descriptor_ = -1;
  std::int64_t end_ = 0; // where the array's closing bracket begins
  std::thread thread_;
};

} // namespace avp
