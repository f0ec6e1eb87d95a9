class MyModel(fal.App, keep_alive=300):  # 5 minutes
    pass
