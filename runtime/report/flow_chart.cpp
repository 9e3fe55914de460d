// Boxes and arrows.
#include "runtime/report/flow_chart.hpp"

#include <algorithm>

#include "runtime/pipeline/pipeline.hpp"
#include "runtime/report/graph_layout.hpp"
#include "runtime/report/html_text.hpp"
#include "runtime/report/svg_picture.hpp"

namespace avp {

namespace {

constexpr double frame = 14;
constexpr double dip = 20;    // how far below the boxes a continuation runs
constexpr double bend = 0.45; // where a curve's handles stand, as a share of the way

class flow_drawing {
public:
  flow_drawing(const plan& planned, const std::map<std::string, std::string>& details)
      : plan_(planned),
        details_(details),
        layout_(lay_out(planned.agents.size(), edges_of(planned), sizes_)),
        picture_(layout_.width + 2 * frame, layout_.height + 2 * frame + (dips(planned) ? dip : 0),
                 "Flow in " + std::string(name_of(planned.mode)) + " mode", description()) {}

  std::string draw() {
    for (std::size_t i = 0; i < plan_.edges.size(); ++i)
      draw_edge(plan_.edges[i], layout_.edges[i]);
    for (std::size_t i = 0; i < plan_.agents.size(); ++i)
      for (const auto& source : plan_.agents[i].contexts_from)
        draw_continuation(source, plan_.agents[i], i);
    for (std::size_t i = 0; i < plan_.agents.size(); ++i)
      draw_agent(plan_.agents[i], layout_.nodes[i]);
    return picture_.element();
  }

private:
  static std::size_t number_of(const plan& planned, const std::string& name) {
    std::size_t number = 0;
    while (number < planned.agents.size() && planned.agents[number].name != name)
      ++number;
    return number;
  }

  static std::vector<layout_edge> edges_of(const plan& planned) {
    std::vector<layout_edge> edges;
    for (const auto& edge : planned.edges)
      edges.push_back({number_of(planned, edge.from), number_of(planned, edge.to)});
    return edges;
  }

  // Whether a continuation runs below the boxes.
  [[nodiscard]] bool dips(const plan& planned) const {
    for (std::size_t i = 0; i < planned.agents.size(); ++i)
      for (const auto& from : planned.agents[i].contexts_from) {
        const auto before = number_of(planned, from);
        if (before < planned.agents.size() && layout_.nodes[before].x != layout_.nodes[i].x &&
            !is_edge(from, planned.agents[i].name))
          return true;
      }
    return false;
  }

  [[nodiscard]] bool is_edge(const std::string& from, const std::string& to) const {
    return std::any_of(plan_.edges.begin(), plan_.edges.end(),
                       [&](const auto& edge) { return edge.from == from && edge.to == to; });
  }

  [[nodiscard]] std::string description() const {
    std::string text = plan_.edges.empty() ? plan_.output + " alone." : "";
    for (const auto& edge : plan_.edges)
      text += (text.empty() ? "" : " ") + edge.from + " hands its " + std::string(name_of(edge.how)) + " to " +
              edge.to + ".";
    return text;
  }

  [[nodiscard]] std::string point(layout_point p) const {
    return coordinate(p.x + frame) + " " + coordinate(p.y + frame);
  }

  [[nodiscard]] std::string curve(layout_point from, layout_point to) const {
    const auto reach = bend * (to.x - from.x);
    return " C " + point({from.x + reach, from.y}) + " " + point({to.x - reach, to.y}) + " " + point(to);
  }

  void draw_head(layout_point tip, const std::string& style) {
    picture_.path("M " + point(tip) + " L " + point({tip.x - 9, tip.y - 4.5}) + " L " +
                      point({tip.x - 9, tip.y + 4.5}) + " Z",
                  "head " + style);
  }

  void draw_edge(const planned_edge& edge, const std::vector<layout_point>& way) {
    if (way.size() < 2)
      return;
    const std::string style(name_of(edge.how));
    std::string commands = "M " + point(way.front());
    for (std::size_t i = 1; i < way.size(); ++i)
      commands += i % 2 == 1 ? curve(way[i - 1], way[i]) : " L " + point(way[i]);
    picture_.path(commands, "edge " + style, edge.from + " → " + edge.to + ": " + style);
    draw_head(way.back(), style);
    const layout_point middle{(way[0].x + way[1].x) / 2, (way[0].y + way[1].y) / 2};
    picture_.text(middle.x + frame, middle.y + frame - 5, style, "edge-label middle halo");
  }

  // Between layers, below the boxes that stand in the way.
  void draw_dip(layout_point from, layout_point to, const std::string& hint) {
    const auto half = sizes_.node_height / 2;
    const auto deep = std::max(from.y, to.y) + half + 2 * dip;
    const layout_point end{to.x, to.y + half};
    picture_.path("M " + point({from.x, from.y + half}) + " C " + point({from.x, deep}) + " " + point({to.x, deep}) +
                      " " + point({end.x, end.y + 8}),
                  "edge continues", hint);
    draw_upward_head(end, 1);
  }

  // `side` 1: the tip is at the top; -1: at the bottom.
  void draw_upward_head(layout_point tip, double side) {
    picture_.path("M " + point(tip) + " L " + point({tip.x - 4.5, tip.y + side * 9}) + " L " +
                      point({tip.x + 4.5, tip.y + side * 9}) + " Z",
                  "head context");
  }

  // Within a layer from box to box.
  void draw_continuation(const std::string& source, const planned_agent& agent, std::size_t number) {
    const auto before = number_of(plan_, source);
    if (before >= plan_.agents.size() || is_edge(source, agent.name))
      return;
    const auto from = layout_.nodes[before];
    const auto to = layout_.nodes[number];
    const auto hint = agent.name + " continues the context of " + source;
    if (from.x != to.x)
      return draw_dip(from, to, hint);
    const auto down = to.y >= from.y ? 1.0 : -1.0;
    const auto half = sizes_.node_height / 2;
    const layout_point start{from.x, from.y + down * half};
    const layout_point end{to.x, to.y - down * half};
    picture_.path("M " + point(start) + " L " + point({end.x, end.y - down * 8}), "edge continues", hint);
    draw_upward_head(end, -down);
  }

  void draw_agent(const planned_agent& agent, layout_point centre) {
    const auto left = centre.x - sizes_.node_width / 2 + frame;
    const auto top = centre.y - sizes_.node_height / 2 + frame;
    const bool answers = agent.name == plan_.output;
    const auto detail = details_.find(agent.name);
    const auto what = agent.kind + (detail == details_.end() ? "" : " · " + detail->second);
    picture_.rectangle(left, top, sizes_.node_width, sizes_.node_height, answers ? "node answers" : "node",
                       agent.name + ": " + what + (answers ? ", gives the answer" : ""));
    picture_.text(centre.x + frame, top + 20, shortened(agent.name, 17), "node-name middle");
    picture_.text(centre.x + frame, top + 36, shortened(what, 24), "node-kind middle");
  }

  const plan& plan_;
  const std::map<std::string, std::string>& details_;
  layout_sizes sizes_;
  graph_layout layout_;
  svg_picture picture_;
};

} // namespace

std::string flow_chart(const plan& planned, const std::map<std::string, std::string>& details) {
  return flow_drawing(planned, details).draw();
}

} // namespace avp
