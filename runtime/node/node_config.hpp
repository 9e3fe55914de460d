// What the file of a node says.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "runtime/pipeline/pipeline.hpp"
#include "runtime/text/mistake.hpp"
#include "transport/tcp_address.hpp"

namespace avp {

/// A model that lies elsewhere on this machine than the pipeline says, or runs on another device.
struct hosted_model {
  std::string name;                  ///< As in pipelines.
  std::optional<std::string> source; ///< In place of the pipeline's.
  std::optional<std::string> device; ///< In place of the pipeline's.
};

/// The file of a node.
struct node_config {
  std::string name;
  tcp_address control;                       ///< Where to listen for node zero; port 0 takes a free one.
  std::string data;                          ///< Where to listen for contexts: tcp://host:port.
  std::optional<std::filesystem::path> keys; ///< Folder of this node's keys.
  bool unencrypted = false;                  ///< Whether other machines may come in without keys.
  bool fetch = false;                        ///< Whether models by name that are not here are fetched.
  double timeout = 5;                        ///< Seconds of silence after which node zero counts as lost.
  std::vector<hosted_model> models;
  std::vector<device_entry> devices;
};

/// The file, or all mistakes in it, sorted by place.
struct node_config_result {
  std::optional<node_config> config;
  std::vector<mistake> mistakes;
};

/// Reads a node's file. Paths in it count from its folder.
[[nodiscard]] node_config_result load_node_config(const std::filesystem::path& file);

} // namespace avp
