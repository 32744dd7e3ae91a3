//! A BERT-like encoder: Devlin et al., "BERT", 2018, with layer normalisation after each residual sum and heads of 64.
//!
//! What makes it different for memory: a large table that is gathered from, weights in `MatMul` nodes (which engines
//! prepack), and activations that are reshaped and transposed in every layer.

use rten_onnx::onnx::{AttributeProto, DataType};

use super::graph::{Graph, float, integer, integers};
use super::values::Values;

/// Rows of the embedding table. BERT has 30,522; a smaller table keeps the weights of the layers the larger part.
const VOCABULARY: usize = 8192;

/// Width of an attention head, as in every BERT.
pub(in crate::model) const HEAD: usize = 64;

/// Standard deviation of BERT's initial weights.
const DEVIATION: f32 = 0.02;

/// The network: `input_ids` i64 `[1,tokens]`, each below 8192 → `last_hidden_state` f32 `[1,tokens,hidden]`.
pub(super) fn graph(layers: usize, hidden: usize, tokens: usize) -> Graph {
    // LayerNormalization is an operator since operator set 17.
    let mut graph = Graph::new("transformer", 17);
    let mut net = Encoder { graph: &mut graph, hidden, tokens };
    let mut value = net.embed();
    for _ in 0..layers {
        let attended = net.attend(&value);
        value = net.add_and_normalise(&value, &attended);
        let transformed = net.feed_forward(&value);
        value = net.add_and_normalise(&value, &transformed);
    }
    graph.output("last_hidden_state", &value, &[1, tokens, hidden]);
    graph
}

struct Encoder<'a> {
    graph: &'a mut Graph,
    hidden: usize,
    tokens: usize,
}

impl Encoder<'_> {
    /// Token embeddings plus position embeddings, normalised.
    fn embed(&mut self) -> String {
        let identifiers = self.graph.input("input_ids", DataType::INT64, &[1, self.tokens]);
        let words = self.weight("embedding", &[VOCABULARY, self.hidden]);
        let words = self.operator("Gather", &[&words, &identifiers], vec![integer("axis", 0)]);
        let positions = self.weight("position", &[1, self.tokens, self.hidden]);
        self.add_and_normalise(&words, &positions)
    }

    /// Scaled dot-product attention over all heads at once.
    fn attend(&mut self, input: &str) -> String {
        let query = self.heads(input, &[0, 2, 1, 3]);
        let key = self.heads(input, &[0, 2, 3, 1]);
        let value = self.heads(input, &[0, 2, 1, 3]);
        let scores = self.operator("MatMul", &[&query, &key], Vec::new());
        let scale = self.graph.scalar("head_scale", 1.0 / (HEAD as f32).sqrt());
        let scores = self.operator("Mul", &[&scores, &scale], Vec::new());
        let shares = self.operator("Softmax", &[&scores], vec![integer("axis", -1)]);
        let mixed = self.operator("MatMul", &[&shares, &value], Vec::new());
        let mixed = self.operator("Transpose", &[&mixed], vec![integers("perm", &[0, 2, 1, 3])]);
        let shape = vec![1, self.tokens as i64, self.hidden as i64];
        let shape = self.graph.integers("hidden_shape", shape);
        let mixed = self.operator("Reshape", &[&mixed, &shape], Vec::new());
        self.dense(&mixed, self.hidden, self.hidden)
    }

    /// A dense layer whose result is split into heads, `[1, tokens, heads, 64]`, and permuted.
    fn heads(&mut self, input: &str, permutation: &[usize]) -> String {
        let value = self.dense(input, self.hidden, self.hidden);
        let shape = vec![1, self.tokens as i64, (self.hidden / HEAD) as i64, HEAD as i64];
        let shape = self.graph.integers("heads_shape", shape);
        let value = self.operator("Reshape", &[&value, &shape], Vec::new());
        self.operator("Transpose", &[&value], vec![integers("perm", permutation)])
    }

    /// Two dense layers with four times the width between them.
    fn feed_forward(&mut self, input: &str) -> String {
        let wide = self.dense(input, self.hidden, 4 * self.hidden);
        let wide = self.gelu(&wide);
        self.dense(&wide, 4 * self.hidden, self.hidden)
    }

    /// `x * (1 + erf(x / √2)) / 2` in single operators, as exporters write it for operator sets before 20.
    fn gelu(&mut self, input: &str) -> String {
        let root = self.graph.scalar("root_two", std::f32::consts::SQRT_2);
        let one = self.graph.scalar("one", 1.0);
        let half = self.graph.scalar("half", 0.5);
        let scaled = self.operator("Div", &[input, &root], Vec::new());
        let erf = self.operator("Erf", &[&scaled], Vec::new());
        let shifted = self.operator("Add", &[&erf, &one], Vec::new());
        let product = self.operator("Mul", &[input, &shifted], Vec::new());
        self.operator("Mul", &[&product, &half], Vec::new())
    }

    fn dense(&mut self, input: &str, from: usize, to: usize) -> String {
        let weights = self.weight("w", &[from, to]);
        let bias = self.graph.weight("b", &[to], Values::Constant(0.0));
        let product = self.operator("MatMul", &[input, &weights], Vec::new());
        self.operator("Add", &[&product, &bias], Vec::new())
    }

    fn add_and_normalise(&mut self, left: &str, right: &str) -> String {
        let sum = self.operator("Add", &[left, right], Vec::new());
        let scale = self.graph.weight("g", &[self.hidden], Values::Constant(1.0));
        let bias = self.graph.weight("be", &[self.hidden], Values::Constant(0.0));
        // 1e-12 is BERT's own epsilon.
        let attributes = vec![integer("axis", -1), float("epsilon", 1e-12)];
        self.operator("LayerNormalization", &[&sum, &scale, &bias], attributes)
    }

    fn weight(&mut self, label: &str, shape: &[usize]) -> String {
        self.graph.weight(label, shape, Values::Normal { deviation: DEVIATION })
    }

    fn operator(&mut self, kind: &str, inputs: &[&str], attributes: Vec<AttributeProto>) -> String {
        self.graph.operator(kind, inputs, attributes)
    }
}
