// The models of a run, wherever they are: those of one name have the same weights.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/node/node_messages.hpp"

namespace avp {

/// Two nodes with other weights under one name would give other texts. This machine is right; among nodes, whoever
/// told first.
class cluster_models {
public:
  /// A model of this machine. Nodes that told of theirs before are to be asked for objections again.
  void add_local(const model_report& model);

  /// Takes what a node has, and gives what is wrong with that, a sentence each.
  [[nodiscard]] std::vector<std::string> objections(const std::string& node, const std::vector<model_report>& models);

  /// Each name once.
  [[nodiscard]] std::vector<model_report> all() const;

private:
  struct known_model {
    std::string where;
    model_report report;
  };

  std::map<std::string, known_model> known_; // by name
};

} // namespace avp
