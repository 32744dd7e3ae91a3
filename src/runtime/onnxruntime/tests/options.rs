//! Every option is taken, does what it says, and leaves the results as they are.

use std::time::Duration;

use super::*;

/// Bytes of the first chunk of an arena: far more than the network of kilobytes needs.
const CHUNK: u64 = 64 << 20;

#[test]
fn every_option_leaves_the_results_as_they_are() {
    if library().is_none() {
        return;
    }
    let model = Model::bundled("ppocr_cls.onnx");
    let expected = model.reference(Engine::Embedded);
    let options: &[Options<'_>] = &[
        &[("graph_optimization_level", "disable")],
        &[("graph_optimization_level", "basic")],
        &[("graph_optimization_level", "extended")],
        &[("graph_optimization_level", "layout")],
        &[("graph_optimization_level", "all")],
        &[("intra_op_num_threads", "2")],
        &[("intra_op_num_threads", "0"), ("session.intra_op.allow_spinning", "0")],
        &[("execution_mode", "parallel"), ("inter_op_num_threads", "2")],
        &[("execution_mode", "sequential")],
        &[("enable_cpu_mem_arena", "false")],
        &[("enable_cpu_mem_arena", "true"), ("memory.enable_memory_arena_shrinkage", "cpu:0")],
        &[("enable_mem_pattern", "false")],
        &[("enable_mem_pattern", "true")],
        &[("session.disable_prepacking", "1"), ("session.use_device_allocator_for_initializers", "1")],
        &[("reload_optimized", "false")],
    ];
    for options in options {
        println!("{options:?}");
        let runtime = runtime(options, &model.path).unwrap();
        assert_close(&model.outputs(runtime.as_ref()), &expected);
    }
}

#[test]
fn what_is_no_option_is_refused_before_anything_runs() {
    if library().is_none() {
        return;
    }
    let refusal = |options| match runtime(options, Path::new("any.onnx")).map(|_| ()) {
        Err(RuntimeError::Unsupported { message, .. }) => message,
        other => panic!("{other:?}"),
    };
    assert!(refusal(&[("execution_mod", "parallel")]).contains("(did you mean `execution_mode`?)"));
    assert!(refusal(&[("execution_mode", "paralel")]).contains("(did you mean `parallel`?)"));
    let long = "session.".to_owned() + &"x".repeat(2000);
    assert!(!refusal(&[(&long, "1")]).is_empty(), "ONNX Runtime has a limit of its own");
}

/// What a session's allocator says after two runs.
fn own_memory(model: &Model, options: Options<'_>) -> Option<crate::runtime::OwnMemory> {
    let runtime = runtime(options, &model.path).unwrap();
    let mut prepared = runtime.load(&model.path).unwrap().prepare().unwrap();
    let inputs = model.tensors(prepared.as_ref());
    for _ in 0..2 {
        prepared.execute(&inputs).unwrap();
    }
    prepared.own_memory()
}

#[test]
fn an_arena_tells_what_it_has_and_gives_back_what_it_is_told_to() {
    if library().is_none() {
        return;
    }
    let model = Model::generated("mobilenet_v2", WeightsPlacement::External);
    let kept = own_memory(&model, &[]).unwrap();
    assert!(kept.used > 0 && kept.reserved > kept.used, "{kept:?}");
    let shrunk = own_memory(&model, &[("memory.enable_memory_arena_shrinkage", "cpu:0")]).unwrap();
    assert!(shrunk.reserved < kept.reserved, "{shrunk:?} against {kept:?}");
    assert_eq!(own_memory(&model, &[("enable_cpu_mem_arena", "false")]), None);
}

#[test]
fn sessions_share_an_arena_with_settings_and_a_process_has_one_of_them() {
    if library().is_none() {
        return;
    }
    let model = Model::small();
    let chunk = CHUNK.to_string();
    let options: Options<'_> = &[("initial_chunk_size_bytes", &chunk), ("arena_extend_strategy", "next-power-of-two")];
    let one = runtime(options, &model.path).unwrap();
    let mut first = one.load(&model.path).unwrap().prepare().unwrap();
    let inputs = model.tensors(first.as_ref());
    let expected = first.execute(&inputs).unwrap();
    let alone = first.own_memory().unwrap();
    assert!(alone.reserved >= CHUNK, "{alone:?}");
    let another = runtime(options, &model.path).unwrap();
    let mut second = another.load(&model.path).unwrap().prepare().unwrap();
    assert_eq!(second.execute(&inputs).unwrap(), expected);
    let both = second.own_memory().unwrap();
    assert!(both.used > alone.used && both == first.own_memory().unwrap(), "{both:?} after {alone:?}");
    let refused = runtime(&[("max_mem", "100000000")], &model.path).map(|_| ()).unwrap_err();
    assert!(refused.is_incompatible() && refused.to_string().contains("other settings"), "{refused}");
    drop((one, another, first, second));
    let plain = own_memory(&model, &[]).unwrap();
    assert!(plain.reserved < CHUNK, "{plain:?}");
    // The largest size of the arena is held to, and the next settings are taken once the first arena is gone.
    let small = runtime(&[("max_mem", "1000000")], &model.path).unwrap();
    let large = Model::generated("mlp:layers=1,width=256,batch=4096", WeightsPlacement::Inline);
    let mut prepared = small.load(&large.path).unwrap().prepare().unwrap();
    let inputs = large.tensors(prepared.as_ref());
    let failed = prepared.execute(&inputs).unwrap_err().to_string();
    assert!(failed.contains("memory"), "{failed}");
}

#[test]
fn the_optimised_model_is_written_once_and_read_afterwards() {
    if library().is_none() {
        return;
    }
    for placement in [WeightsPlacement::Inline, WeightsPlacement::External] {
        let model = Model::generated("mlp:layers=2,width=64,batch=4", placement);
        let expected = model.reference(Engine::Embedded);
        let runtime = runtime(&[("reload_optimized", "true")], &model.path).unwrap();
        assert_close(&model.outputs(runtime.as_ref()), &expected);
        // Nobody reads the file of the model any more, although it must still look the same.
        let whole = std::fs::read(&model.path).unwrap();
        let modified = std::fs::metadata(&model.path).unwrap().modified().unwrap();
        std::fs::write(&model.path, vec![0xff; whole.len()]).unwrap();
        let set_modified = |time| std::fs::File::options().write(true).open(&model.path).unwrap().set_modified(time);
        set_modified(modified).unwrap();
        assert_close(&model.outputs(runtime.as_ref()), &expected);
        // With another time of change or another length it is another model.
        set_modified(modified + Duration::from_secs(1)).unwrap();
        assert!(runtime.load(&model.path).unwrap().prepare().is_err(), "{placement:?}");
        std::fs::write(&model.path, &whole).unwrap();
        assert_close(&model.outputs(runtime.as_ref()), &expected);
        std::fs::write(&model.path, b"").unwrap();
        assert!(runtime.load(&model.path).unwrap().prepare().is_err(), "{placement:?}");
        // Another model of the same runtime has an optimised one of its own.
        let other = Model::bundled("ppocr_cls.onnx");
        assert_close(&other.outputs(runtime.as_ref()), &other.reference(Engine::Embedded));
        assert!(runtime.load(&model.path).unwrap().prepare().is_err(), "{placement:?}");
    }
}
