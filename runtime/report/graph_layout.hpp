// Places for the nodes and edges of an acyclic graph, in layers from left to right.
#pragma once

#include <cstddef>
#include <vector>

namespace avp {

/// From one node to another, by their numbers.
struct layout_edge {
  std::size_t from = 0;
  std::size_t to = 0;
};

/// A point in CSS pixels, y downwards.
struct layout_point {
  double x = 0;
  double y = 0;
};

/// How large nodes are and how far apart.
struct layout_sizes {
  double node_width = 140;
  double node_height = 46;
  double layer_gap = 84; ///< Between the sides of two layers: edges and their labels stand there.
  double row_gap = 26;   ///< Between two nodes of a layer.
};

/// Where everything stands.
struct graph_layout {
  double width = 0;
  double height = 0;
  std::vector<layout_point> nodes;              ///< Centres, in the order of the nodes.
  std::vector<std::vector<layout_point>> edges; ///< From side to side, by way of the layers between.
};

/// Lays out a graph of `nodes` nodes. Every node stands in the layer behind its last predecessor; within layers the
/// order is chosen for few crossings (barycentre sweeps after Sugiyama, Tagawa and Toda, 1981). Edges that pass a layer
/// keep a place in it, so that they run around nodes. An edge on a cycle must not be given; one that names no node is
/// left without points.
[[nodiscard]] graph_layout lay_out(std::size_t nodes, const std::vector<layout_edge>& edges,
                                   const layout_sizes& sizes = {});

} // namespace avp
