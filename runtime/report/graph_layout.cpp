// Layers, places in layers, coordinates.
#include "runtime/report/graph_layout.hpp"

#include <algorithm>

namespace avp {

namespace {

constexpr int sweeps = 8;

// A node, or the place where a long edge passes a layer.
struct seat {
  std::size_t layer = 0;
  std::vector<std::size_t> before; // seats in the layer before that lead here
  std::vector<std::size_t> behind;
  double place = 0; // in its layer, from 0
};

class layouter {
public:
  layouter(std::size_t nodes, const std::vector<layout_edge>& edges, const layout_sizes& sizes)
      : nodes_(nodes),
        edges_(edges),
        sizes_(sizes),
        seats_(nodes) {}

  graph_layout make() {
    choose_layers();
    seat_edges();
    fill_layers();
    choose_order();
    return place();
  }

private:
  [[nodiscard]] bool known(const layout_edge& edge) const {
    return edge.from < nodes_ && edge.to < nodes_ && edge.from != edge.to;
  }

  // The longest way to each node; a graph without cycles is done after as many rounds as it has nodes.
  void choose_layers() {
    bool moved = true;
    for (std::size_t round = 0; moved && round < nodes_; ++round) {
      moved = false;
      for (const auto& edge : edges_)
        if (known(edge) && seats_[edge.to].layer <= seats_[edge.from].layer) {
          seats_[edge.to].layer = seats_[edge.from].layer + 1;
          moved = true;
        }
    }
  }

  void seat_edges() {
    ways_.resize(edges_.size());
    for (std::size_t i = 0; i < edges_.size(); ++i) {
      if (!known(edges_[i]))
        continue;
      auto& way = ways_[i];
      way.push_back(edges_[i].from);
      for (auto layer = seats_[edges_[i].from].layer + 1; layer < seats_[edges_[i].to].layer; ++layer) {
        way.push_back(seats_.size());
        seats_.push_back({.layer = layer});
      }
      way.push_back(edges_[i].to);
      for (std::size_t step = 1; step < way.size(); ++step) {
        seats_[way[step - 1]].behind.push_back(way[step]);
        seats_[way[step]].before.push_back(way[step - 1]);
      }
    }
  }

  void fill_layers() {
    for (std::size_t i = 0; i < seats_.size(); ++i) {
      layers_.resize(std::max(layers_.size(), seats_[i].layer + 1));
      seats_[i].place = static_cast<double>(layers_[seats_[i].layer].size());
      layers_[seats_[i].layer].push_back(i);
    }
  }

  [[nodiscard]] double barycentre(std::size_t of, const std::vector<std::size_t>& neighbours) const {
    if (neighbours.empty())
      return seats_[of].place;
    double sum = 0;
    for (const auto neighbour : neighbours)
      sum += seats_[neighbour].place;
    return sum / static_cast<double>(neighbours.size());
  }

  void order_layer(std::vector<std::size_t>& layer, std::vector<std::size_t> seat::*side) {
    std::vector<std::pair<double, std::size_t>> order;
    for (const auto i : layer)
      order.emplace_back(barycentre(i, seats_[i].*side), i);
    std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (std::size_t i = 0; i < layer.size(); ++i) {
      layer[i] = order[i].second;
      seats_[layer[i]].place = static_cast<double>(i);
    }
  }

  [[nodiscard]] std::size_t crossings() const {
    std::size_t count = 0;
    for (const auto& layer : layers_)
      for (std::size_t a = 0; a < layer.size(); ++a)
        for (std::size_t b = a + 1; b < layer.size(); ++b)
          for (const auto to_a : seats_[layer[a]].behind)
            for (const auto to_b : seats_[layer[b]].behind)
              count += seats_[to_a].place > seats_[to_b].place ? 1 : 0;
    return count;
  }

  void choose_order() {
    auto best = layers_;
    auto fewest = crossings();
    for (int sweep = 0; sweep < sweeps && fewest > 0; ++sweep) {
      if (sweep % 2 == 0)
        std::for_each(layers_.begin(), layers_.end(), [&](auto& layer) { order_layer(layer, &seat::before); });
      else
        std::for_each(layers_.rbegin(), layers_.rend(), [&](auto& layer) { order_layer(layer, &seat::behind); });
      if (const auto now = crossings(); now < fewest) {
        fewest = now;
        best = layers_;
      }
    }
    layers_ = best;
  }

  [[nodiscard]] graph_layout place() {
    const auto pitch = sizes_.node_height + sizes_.row_gap;
    const auto step = sizes_.node_width + sizes_.layer_gap;
    std::size_t most = 0;
    for (const auto& layer : layers_)
      most = std::max(most, layer.size());
    graph_layout result;
    result.height = static_cast<double>(most) * pitch - (most > 0 ? sizes_.row_gap : 0);
    result.width = static_cast<double>(layers_.size()) * step - (layers_.empty() ? 0 : sizes_.layer_gap);
    std::vector<layout_point> centres(seats_.size());
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      const auto count = static_cast<double>(layers_[l].size());
      for (std::size_t i = 0; i < layers_[l].size(); ++i)
        centres[layers_[l][i]] = {sizes_.node_width / 2 + static_cast<double>(l) * step,
                                  result.height / 2 + (static_cast<double>(i) - (count - 1) / 2) * pitch};
    }
    result.nodes.assign(centres.begin(), centres.begin() + static_cast<std::ptrdiff_t>(nodes_));
    for (const auto& way : ways_)
      result.edges.push_back(points_of(way, centres));
    return result;
  }

  // Through a layer an edge runs level, so that it does not touch the nodes beside it.
  [[nodiscard]] std::vector<layout_point> points_of(const std::vector<std::size_t>& way,
                                                    const std::vector<layout_point>& centres) const {
    std::vector<layout_point> points;
    for (std::size_t i = 0; i < way.size(); ++i) {
      const auto [x, y] = centres[way[i]];
      if (i > 0)
        points.push_back({x - sizes_.node_width / 2, y});
      if (i + 1 < way.size())
        points.push_back({x + sizes_.node_width / 2, y});
    }
    return points;
  }

  std::size_t nodes_;
  const std::vector<layout_edge>& edges_;
  const layout_sizes& sizes_;
  std::vector<seat> seats_;
  std::vector<std::vector<std::size_t>> ways_; // the seats that each edge passes
  std::vector<std::vector<std::size_t>> layers_;
};

} // namespace

graph_layout lay_out(std::size_t nodes, const std::vector<layout_edge>& edges, const layout_sizes& sizes) {
  return layouter(nodes, edges, sizes).make();
}

} // namespace avp
