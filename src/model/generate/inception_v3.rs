//! Inception v3: Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", 2015, without the
//! auxiliary classifier, which inference does not use. Blocks are named A to E as torchvision names them.

use rten_onnx::onnx::DataType;

use super::convolution::{Features, Kernel, classify, convolve, max_pool};
use super::graph::{Graph, integer, integers};

/// The network: `input` f32 `[1,3,299,299]` → `logits` f32 `[1,1000]`; 23.8 million parameters.
pub(super) fn graph() -> Graph {
    let mut graph = Graph::new("inception_v3", 13);
    let mut net = Inception { graph: &mut graph };
    let features = net.stem();
    let features = net.block_a(&features, 32);
    let features = net.block_a(&features, 64);
    let features = net.block_a(&features, 64);
    let features = net.block_b(&features);
    let features = [128, 160, 160, 192].into_iter().fold(features, |features, width| net.block_c(&features, width));
    let features = net.block_d(&features);
    let features = net.block_e(&features);
    let features = net.block_e(&features);
    classify(&mut graph, &features);
    graph
}

struct Inception<'a> {
    graph: &'a mut Graph,
}

impl Inception<'_> {
    /// From the picture to 192 channels of 35 × 35.
    fn stem(&mut self) -> Features {
        let input = Features { value: self.graph.input("input", DataType::FLOAT, &[1, 3, 299, 299]), channels: 3 };
        let features = self.chain(
            &input,
            &[(32, Kernel::square(3).stride(2)), (32, Kernel::square(3)), (64, Kernel::square(3).same())],
        );
        let features = max_pool(self.graph, &features, 0);
        let features = self.chain(&features, &[(80, Kernel::square(1)), (192, Kernel::square(3))]);
        max_pool(self.graph, &features, 0)
    }

    /// Branches of 1 × 1, 5 × 5 and two 3 × 3 convolutions.
    fn block_a(&mut self, input: &Features, pool_channels: usize) -> Features {
        let point = Kernel::square(1);
        let three = Kernel::square(3).same();
        let one = self.chain(input, &[(64, point)]);
        let five = self.chain(input, &[(48, point), (64, Kernel::square(5).same())]);
        let double = self.chain(input, &[(64, point), (96, three), (96, three)]);
        let pooled = self.pooled(input, pool_channels);
        self.concatenate(&[one, five, double, pooled])
    }

    /// From 35 × 35 to 17 × 17.
    fn block_b(&mut self, input: &Features) -> Features {
        let shrink = Kernel::square(3).stride(2);
        let single = self.chain(input, &[(384, shrink)]);
        let double = self.chain(input, &[(64, Kernel::square(1)), (96, Kernel::square(3).same()), (96, shrink)]);
        let pooled = max_pool(self.graph, input, 0);
        self.concatenate(&[single, double, pooled])
    }

    /// Branches of 7 × 7 convolutions in factors of 1 × 7 and 7 × 1, `width` channels wide.
    fn block_c(&mut self, input: &Features, width: usize) -> Features {
        let point = Kernel::square(1);
        let (row, column) = (Kernel::of([1, 7]).same(), Kernel::of([7, 1]).same());
        let one = self.chain(input, &[(192, point)]);
        let seven = self.chain(input, &[(width, point), (width, row), (192, column)]);
        let double = self.chain(input, &[(width, point), (width, column), (width, row), (width, column), (192, row)]);
        let pooled = self.pooled(input, 192);
        self.concatenate(&[one, seven, double, pooled])
    }

    /// From 17 × 17 to 8 × 8.
    fn block_d(&mut self, input: &Features) -> Features {
        let point = Kernel::square(1);
        let shrink = Kernel::square(3).stride(2);
        let (row, column) = (Kernel::of([1, 7]).same(), Kernel::of([7, 1]).same());
        let three = self.chain(input, &[(192, point), (320, shrink)]);
        let seven = self.chain(input, &[(192, point), (192, row), (192, column), (192, shrink)]);
        let pooled = max_pool(self.graph, input, 0);
        self.concatenate(&[three, seven, pooled])
    }

    /// Branches that fork into 1 × 3 and 3 × 1.
    fn block_e(&mut self, input: &Features) -> Features {
        let point = Kernel::square(1);
        let one = self.chain(input, &[(320, point)]);
        let single = self.chain(input, &[(384, point)]);
        let single = self.fork(&single);
        let double = self.chain(input, &[(448, point), (384, Kernel::square(3).same())]);
        let double = self.fork(&double);
        let pooled = self.pooled(input, 192);
        self.concatenate(&[one, single, double, pooled])
    }

    fn fork(&mut self, input: &Features) -> Features {
        let row = self.chain(input, &[(384, Kernel::of([1, 3]).same())]);
        let column = self.chain(input, &[(384, Kernel::of([3, 1]).same())]);
        self.concatenate(&[row, column])
    }

    /// Convolutions one after the other, each to its number of channels.
    fn chain(&mut self, input: &Features, steps: &[(usize, Kernel)]) -> Features {
        steps
            .iter()
            .fold(input.clone(), |features, (channels, kernel)| convolve(self.graph, &features, *channels, *kernel))
    }

    /// The pooling branch: average over 3 × 3, then a 1 × 1 convolution.
    fn pooled(&mut self, input: &Features, channels: usize) -> Features {
        let attributes = vec![
            integer("count_include_pad", 1),
            integers("kernel_shape", &[3, 3]),
            integers("pads", &[1; 4]),
            integers("strides", &[1, 1]),
        ];
        let value = self.graph.operator("AveragePool", &[&input.value], attributes);
        self.chain(&Features { value, channels: input.channels }, &[(channels, Kernel::square(1))])
    }

    fn concatenate(&mut self, branches: &[Features]) -> Features {
        let values: Vec<_> = branches.iter().map(|branch| branch.value.as_str()).collect();
        let value = self.graph.operator("Concat", &values, vec![integer("axis", 1)]);
        Features { value, channels: branches.iter().map(|branch| branch.channels).sum() }
    }
}
