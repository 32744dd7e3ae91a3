//! What the caller gives against what the model declares.

use super::*;

fn given(name: &str, shape: &[usize], data: TensorData) -> InputTensor {
    InputTensor { name: name.into(), element: ElementType::F32, shape: shape.to_vec(), data }
}

#[test]
fn inputs_must_fit_their_declarations() {
    let model = Small::new(13).input("x", &[-1, 2]).node("Relu", &["x"], &["y"]).output("y").write();
    let mut prepared = prepare(&usual(), &model.path, &BTreeMap::new()).unwrap();
    let floats = |count| TensorData::F32(vec![-1.0; count]);
    let mut fails = |inputs: &[InputTensor]| prepared.execute(inputs).unwrap_err().to_string();
    let failed = |what: &str| format!("embedded failed to execute: {what}");
    assert_eq!(fails(&[]), failed("input `x` is not given"));
    let one = || given("x", &[1, 2], floats(2));
    assert_eq!(fails(&[one(), one()]), failed("input `x` is given twice"));
    assert_eq!(fails(&[one(), given("z", &[1], floats(1))]), failed("the model has no input `z`"));
    assert_eq!(
        fails(&[given("x", &[3, 3], floats(9))]),
        failed("input `x` has the shape [3, 3], the model declares [n1, 2]")
    );
    assert_eq!(
        fails(&[given("x", &[2], floats(2))]),
        failed("input `x` has the shape [2], the model declares [n1, 2]")
    );
    assert_eq!(fails(&[given("x", &[2, 2], floats(3))]), failed("input `x` has 3 values for the shape [2, 2]"));
    assert_eq!(
        fails(&[given("x", &[1, 2], TensorData::I32(vec![1, 2]))]),
        failed("input `x` has another element type than the model declares")
    );
    assert_eq!(prepared.execute(&[one()]).unwrap()[0].values, [0.0, 0.0]);
    assert_eq!(prepared.execute(&[given("x", &[0, 2], floats(0))]).unwrap()[0].shape, [0, 2]);
}

#[test]
fn integers_of_another_width_are_converted() {
    use rten_onnx::onnx::DataType;
    let model = |data_type| {
        let model = Small::new(13).typed_input("x", data_type, &[2]);
        model.node("Identity", &["x"], &["y"]).output("y").write()
    };
    let run = |data_type, data| {
        let mut prepared = prepare(&usual(), &model(data_type).path, &BTreeMap::new()).unwrap();
        prepared
            .execute(&[given("x", &[2], data)])
            .map(|outputs| outputs[0].values.clone())
            .map_err(|error| error.to_string())
    };
    assert_eq!(run(DataType::INT64, TensorData::I32(vec![-1, 2])), Ok(vec![-1.0, 2.0]));
    assert_eq!(run(DataType::INT64, TensorData::U8(vec![1, 200])), Ok(vec![1.0, 200.0]));
    assert_eq!(run(DataType::INT32, TensorData::I64(vec![-1, 2])), Ok(vec![-1.0, 2.0]));
    assert_eq!(run(DataType::BOOL, TensorData::I8(vec![0, -3])), Ok(vec![0.0, 1.0]));
    assert_eq!(run(DataType::INT32, TensorData::Bool(vec![false, true])), Ok(vec![0.0, 1.0]));
    let wide = run(DataType::INT32, TensorData::I64(vec![0, 1 << 40])).unwrap_err();
    assert_eq!(wide, "embedded failed to execute: input `x` holds values outside 32 bits");
}

/// Outputs may be inputs or constants, and the same value may come out twice.
#[test]
fn outputs_need_not_be_computed() {
    let model = Small::new(13).input("x", &[2]).floats("c", &[1], &[4.0]).output("x").output("c").output("x").write();
    let outputs = run(&usual(), &model.path, &BTreeMap::new()).unwrap();
    assert_eq!(outputs.len(), 3);
    assert_eq!(outputs[1].values, [4.0]);
    assert_eq!(outputs[0], outputs[2]);
}
