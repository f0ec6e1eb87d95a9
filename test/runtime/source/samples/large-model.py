class LargeModel(fal.App):
    machine_type = "GPU-H100"
    num_gpus = 4  # 4x H100 = 320GB VRAM
